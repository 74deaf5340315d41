// A discovery on free loopback ports, and clients for it.

import { credentials, Metadata } from "@grpc/grpc-js";
import { createDiscovery } from "../src/discovery.js";
import { Discovery } from "../src/proto.js";

/** @import { ServiceError } from "@grpc/grpc-js" */
/** @import { TestContext } from "node:test" */

export const TOKEN = "a token of thirty-two characters";
export const GACHA = { service: "gacha", address: "http://127.0.0.1:9001" };
export const ACCOUNT = { service: "account", address: "http://127.0.0.1:9002" };

/**
 * @param {TestContext} t
 * @param {Partial<Parameters<typeof createDiscovery>[0]>} [options]
 */
export async function startDiscovery(t, options = {}) {
  const discovery = createDiscovery({ token: TOKEN, ...options });
  const { port, operationPort } = await discovery.listen({
    host: "127.0.0.1",
    port: 0,
  });
  t.after(() => discovery.drain(0));
  return { ...discovery, port, operation: `http://127.0.0.1:${operationPort}` };
}

/**
 * Calls that resolve to the answer, and watches that are read one update at a time.
 *
 * @param {TestContext} t
 * @param {number} port
 * @param {string | null} [token]
 */
export function connect(t, port, token = TOKEN) {
  const client = new Discovery(`127.0.0.1:${port}`, credentials.createInsecure());
  t.after(() => client.close());
  const metadata = new Metadata();
  if (token !== null) metadata.set("x-service-token", token);
  return {
    /**
     * @param {"register" | "heartbeat" | "deregister" | "list"} method
     * @param {object} [request]
     * @returns {Promise<any>}
     */
    call: (method, request = {}) =>
      new Promise((resolve, reject) => {
        client[method](
          request,
          metadata,
          (/** @type {ServiceError} */ error, /** @type {any} */ reply) =>
            error ? reject(error) : resolve(reply),
        );
      }),
    /** @param {object} [request] @returns {AsyncIterableIterator<any>} */
    watch: (request = {}) => {
      const stream = client.watch(request, metadata);
      t.after(() => stream.cancel());
      return stream[Symbol.asyncIterator]();
    },
  };
}

// Services and clients for the tests: real sockets on free loopback ports.

import { once } from "node:events";
import { createServer, request } from "node:http";
import { connect } from "node:net";
import { createGateway } from "../src/gateway.js";

/**
 * @import { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, Server, ServerResponse } from "node:http"
 * @import { AddressInfo } from "node:net"
 * @import { TestContext } from "node:test"
 * @import { GatewayOptions } from "../src/gateway.js"
 * @typedef {{method: string, url: string, headers: IncomingHttpHeaders, body: string}} Seen
 * @typedef {{status: number, headers: IncomingHttpHeaders, body: string, json: any}} Answer
 */

/** @param {Server} server */
export async function listen(server) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return /** @type {AddressInfo} */ (server.address()).port;
}

/** Nothing listens on it, and the kernel gives it to nobody. */
export const DEAF_PORT = 1;

/** A service that can't be reached. */
export const AWAY = `http://127.0.0.1:${DEAF_PORT}`;

/**
 * A service that notes what reaches it.
 *
 * @param {TestContext} t
 * @param {(seen: Seen, res: ServerResponse, req: IncomingMessage) => void} [answer]
 */
export async function fakeService(t, answer = (_seen, res) => res.end("{}")) {
  /** @type {Seen[]} */
  const requests = [];
  const server = createServer(async (req, res) => {
    /** @type {Buffer[]} */
    const chunks = [];
    try {
      for await (const chunk of req) chunks.push(chunk);
    } catch {
      return; // broken off by the gateway
    }
    const body = Buffer.concat(chunks).toString();
    const seen = {
      method: `${req.method}`,
      url: `${req.url}`,
      headers: req.headers,
      body,
    };
    requests.push(seen);
    answer(seen, res, req);
  });
  const port = await listen(server);
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${port}`, requests, server };
}

/**
 * A gateway in front of the given services; a service left out is a fresh fake.
 *
 * @param {TestContext} t
 * @param {Partial<GatewayOptions>} [options]
 */
export async function startGateway(t, options = {}) {
  const account = options.account ?? [(await fakeService(t)).url];
  const gacha = options.gacha ?? [(await fakeService(t)).url];
  const gateway = createGateway({ ...options, account, gacha });
  const port = await listen(gateway.server);
  t.after(() => gateway.drain(0));
  return { ...gateway, port };
}

/**
 * @param {number} port
 * @param {string} path sent as it is, without being normalised
 * @param {{method?: string, headers?: OutgoingHttpHeaders, body?: string, signal?: AbortSignal}} [options]
 * @returns {Promise<Answer>}
 */
export async function call(port, path, options = {}) {
  const { method = "GET", headers = {}, body, signal } = options;
  const host = "127.0.0.1";
  const req = request({ host, port, path, method, headers, signal, agent: false });
  req.end(body);
  const [res] = /** @type {[IncomingMessage]} */ (await once(req, "response"));
  let text = "";
  for await (const chunk of res) text += chunk;
  const isJson = /json/.test(res.headers["content-type"] ?? "");
  const json = isJson && text !== "" ? JSON.parse(text) : null;
  return { status: res.statusCode ?? 0, headers: res.headers, body: text, json };
}

/**
 * Writes `text` to a socket and gives all that comes back until the other end
 * closes, which a test makes sure of by `Connection: close`.
 *
 * @param {number} port
 * @param {string} text
 */
export async function rawCall(port, text) {
  const socket = connect(port, "127.0.0.1");
  socket.write(text);
  let answer = "";
  for await (const chunk of socket) answer += chunk;
  return answer;
}

/**
 * Waits until `condition` holds, at most `limitMs`.
 *
 * @param {() => boolean} condition
 * @param {string} what
 */
export async function until(condition, what, limitMs = 5_000) {
  const end = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

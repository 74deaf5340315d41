// Discovery: the gRPC server, the sweeping of leases, and the addresses for operation.
//
//   const discovery = createDiscovery({ token });
//   const { port } = await discovery.listen({ host: "127.0.0.1", port: 0 });
//   …
//   await discovery.drain(5_000);

import { once } from "node:events";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { HealthImplementation } from "grpc-health-check";
import pino from "pino";
import { createCredentialCheck } from "./credential.js";
import { LeaseTable } from "./lease_table.js";
import { createMetrics } from "./metrics.js";
import { createOperationServer } from "./operation.js";
import { Discovery } from "./proto.js";
import { createService } from "./service.js";
import { DEFAULT_LEASE_MS, DEFAULT_MOST_LEASES } from "./settings.js";

/**
 * @import { AddressInfo } from "node:net"
 * @import { Logger } from "pino"
 */

const SERVICE_NAME = "fairpull.discovery.v1.Discovery";
// Leases are looked at so often in the length of one.
const SWEEPS_PER_LEASE = 20;
const LONGEST_MESSAGE_BYTES = 16 * 1024;
// A watcher whose machine is gone is noticed by unanswered pings.
const KEEP_ALIVE = {
  "grpc.keepalive_time_ms": 10_000,
  "grpc.keepalive_timeout_ms": 5_000,
};

/**
 * @param {{
 *   token: string,
 *   leaseMs?: number,
 *   mostLeases?: number,
 *   now?: () => number,
 *   logger?: Logger,
 * }} options
 */
export function createDiscovery({
  token,
  leaseMs = DEFAULT_LEASE_MS,
  mostLeases = DEFAULT_MOST_LEASES,
  now,
  logger = pino({ level: "silent" }),
}) {
  const table = new LeaseTable({ leaseMs, mostLeases, now });
  const metrics = createMetrics(table);
  const isTrusted = createCredentialCheck(token);
  const service = createService({ table, isTrusted, metrics, logger });
  const health = new HealthImplementation({
    "": "SERVING",
    [SERVICE_NAME]: "SERVING",
  });
  const server = new Server({
    ...KEEP_ALIVE,
    "grpc.max_receive_message_length": LONGEST_MESSAGE_BYTES,
  });
  server.addService(Discovery.service, service.implementation);
  health.addToServer(server);
  let stopping = false;
  const operation = createOperationServer({
    registry: metrics.registry,
    isReady: () => !stopping,
  });
  const sweeping = setInterval(
    () => sweep(table, metrics, logger),
    Math.max(1, leaseMs / SWEEPS_PER_LEASE),
  );

  return {
    table,

    /**
     * @param {{host: string, port: number, operationPort?: number}} where 0 is any
     *   free port
     */
    async listen({ host, port, operationPort = 0 }) {
      operation.listen(operationPort, host);
      await once(operation, "listening");
      const bound = await new Promise((resolve, reject) => {
        const credentials = ServerCredentials.createInsecure();
        server.bindAsync(`${bracketed(host)}:${port}`, credentials, (error, got) =>
          error ? reject(new PortError(port, host)) : resolve(got),
        );
      });
      const address = /** @type {AddressInfo} */ (operation.address());
      return { port: /** @type {number} */ (bound), operationPort: address.port };
    },

    /**
     * Takes no more calls, ends the watches and answers what runs: to true, or to false
     * if the limit came first.
     *
     * @param {number} limitMs
     * @returns {Promise<boolean>}
     */
    drain(limitMs) {
      stopping = true;
      clearInterval(sweeping);
      for (const name of ["", SERVICE_NAME]) health.setStatus(name, "NOT_SERVING");
      service.endWatches();
      operation.close();
      operation.closeIdleConnections();
      return new Promise((resolve) => {
        const limit = setTimeout(() => {
          server.forceShutdown();
          operation.closeAllConnections();
          resolve(false);
        }, limitMs);
        server.tryShutdown(() => {
          clearTimeout(limit);
          operation.closeAllConnections();
          resolve(true);
        });
      });
    },
  };
}

/** The gRPC port can't be listened on. */
export class PortError extends Error {
  /** @param {number} port @param {string} host */
  constructor(port, host) {
    super(`port ${port} of ${host} can't be used; PORT chooses another`);
  }
}

/** @param {string} host */
function bracketed(host) {
  return host.includes(":") ? `[${host}]` : host;
}

/**
 * @param {LeaseTable} table
 * @param {ReturnType<typeof createMetrics>} metrics
 * @param {Logger} logger
 */
function sweep(table, metrics, logger) {
  const { preserving } = table;
  for (const instance of table.sweep()) {
    metrics.expelled.inc({ service: instance.service });
    logger.warn(instance, "expelled: no heartbeat for the length of a lease");
  }
  if (table.preserving && !preserving) {
    logger.error("most heartbeats have stopped at once: nobody is expelled");
  } else if (preserving && !table.preserving) {
    logger.info("heartbeats are back: leases end as usual");
  }
}

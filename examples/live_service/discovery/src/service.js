// The calls of ../../proto/discovery.proto, answered from the lease table.

import { status } from "@grpc/grpc-js";
import { TableFull } from "./lease_table.js";
import { InvalidArgument, instanceFrom, leaseFrom, serviceFrom } from "./validation.js";

/**
 * @import { Metadata, sendUnaryData, ServerUnaryCall, ServerWritableStream, UntypedServiceImplementation } from "@grpc/grpc-js"
 * @import { Logger } from "pino"
 * @import { Change, LeaseTable } from "./lease_table.js"
 * @import { createMetrics } from "./metrics.js"
 */

// A heartbeat may get lost twice before the lease is over.
const HEARTBEATS_PER_LEASE = 3;
// A watcher that is this many changes behind does not read any more.
const MOST_UNREAD = 1_000;
const MOST_WATCHERS = 200;

/**
 * @param {{
 *   table: LeaseTable,
 *   isTrusted: (metadata: Metadata) => boolean,
 *   metrics: ReturnType<typeof createMetrics>,
 *   logger: Logger,
 * }} parts
 */
export function createService({ table, isTrusted, metrics, logger }) {
  /** @type {Set<ServerWritableStream<any, any>>} */
  const watchers = new Set();

  /**
   * @param {string} method
   * @param {(request: any) => object} answer
   */
  const unary = (method, answer) => {
    /** @param {ServerUnaryCall<any, any>} call @param {sendUnaryData<any>} reply */
    return (call, reply) => {
      try {
        if (!isTrusted(call.metadata)) throw new Refusal(...UNTRUSTED);
        const message = answer(call.request);
        metrics.calls.inc({ method, status: "OK" });
        reply(null, message);
      } catch (error) {
        reply(refusalOf(error, method));
      }
    };
  };

  /** @param {unknown} error @param {string} method */
  const refusalOf = (error, method) => {
    const { code, details } = refusal(error);
    if (code === status.INTERNAL) logger.error({ err: error }, "call failed");
    metrics.calls.inc({ method, status: status[code] });
    return { code, details };
  };

  /** @param {ServerWritableStream<any, any>} call */
  const watch = (call) => {
    let service = "";
    try {
      if (!isTrusted(call.metadata)) throw new Refusal(...UNTRUSTED);
      service = serviceFrom(call.request.service);
      if (watchers.size >= MOST_WATCHERS) {
        throw new Refusal(status.RESOURCE_EXHAUSTED, `${MOST_WATCHERS} watch already`);
      }
    } catch (error) {
      call.emit("error", refusalOf(error, "Watch"));
      return;
    }
    metrics.calls.inc({ method: "Watch", status: "OK" });
    const writeSnapshot = () => {
      const { revision, settled } = table;
      const snapshot = { instances: table.instances(service), settled };
      call.write({ revision, snapshot });
    };
    /** @param {Change} change */
    const onChange = (change) => {
      if (call.writableLength > MOST_UNREAD) {
        call.emit("error", {
          code: status.RESOURCE_EXHAUSTED,
          details: `more than ${MOST_UNREAD} changes are not read; watch again`,
        });
        forget();
      } else if (change.kind === "settled") {
        writeSnapshot();
      } else if (service === "" || service === change.instance.service) {
        const { kind, revision, instance } = change;
        call.write({ revision, [kind]: instance });
      }
    };
    const unsubscribe = table.subscribe(onChange);
    watchers.add(call);
    metrics.watchers.set(watchers.size);
    const forget = () => {
      unsubscribe();
      watchers.delete(call);
      metrics.watchers.set(watchers.size);
    };
    call.once("cancelled", forget);
    call.once("close", forget);
    writeSnapshot();
  };

  /** @type {UntypedServiceImplementation} */
  const implementation = {
    Register: unary("Register", (request) => {
      const instance = instanceFrom(request.instance);
      const leaseId = table.register(instance);
      logger.info({ ...instance, leaseId }, "registered");
      const heartbeatMs = Math.ceil(table.leaseMs / HEARTBEATS_PER_LEASE);
      return { leaseId, leaseMs: table.leaseMs, heartbeatMs };
    }),
    Heartbeat: unary("Heartbeat", (request) => {
      const leaseId = leaseFrom(request.leaseId);
      if (table.heartbeat(leaseId)) return {};
      throw new Refusal(status.NOT_FOUND, "there is no such lease; register again");
    }),
    Deregister: unary("Deregister", (request) => {
      const leaseId = leaseFrom(request.leaseId);
      if (table.deregister(leaseId)) logger.info({ leaseId }, "deregistered");
      return {};
    }),
    List: unary("List", (request) => {
      const instances = table.instances(serviceFrom(request.service));
      return { revision: table.revision, instances };
    }),
    Watch: watch,
  };

  return {
    implementation,
    /** Tells every watcher to look for another discovery. */
    endWatches() {
      for (const call of [...watchers]) {
        call.emit("error", {
          code: status.UNAVAILABLE,
          details: "discovery is stopping",
        });
      }
    },
  };
}

/** @type {[status, string]} */
const UNTRUSTED = [
  status.UNAUTHENTICATED,
  "only the game's own programs may call this (metadata x-service-token)",
];

class Refusal extends Error {
  /** @param {status} code @param {string} details */
  constructor(code, details) {
    super(details);
    this.code = code;
  }
}

/** @param {unknown} error */
function refusal(error) {
  if (error instanceof Refusal) return { code: error.code, details: error.message };
  if (error instanceof InvalidArgument) {
    return { code: status.INVALID_ARGUMENT, details: error.message };
  }
  if (error instanceof TableFull) {
    return { code: status.RESOURCE_EXHAUSTED, details: error.message };
  }
  return { code: status.INTERNAL, details: "the call failed; the log says why" };
}

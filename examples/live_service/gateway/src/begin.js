// What every request gets first, and what is noted when it is over.

import { routeOf } from "./metrics.js";
import { requestIdFrom } from "./request_id.js";
import { joinTrace } from "./traceparent.js";

/**
 * @import { Request, Response } from "express"
 * @import { Logger } from "pino"
 * @import { createMetrics } from "./metrics.js"
 */

/**
 * Gives the request its id and its trace, and log and metrics their share once it is
 * over. Headers, bodies and queries are never logged: they hold tokens and passwords.
 *
 * @param {Request} req
 * @param {Response} res
 * @param {{logger: Logger, metrics: ReturnType<typeof createMetrics>}} parts
 */
export function begin(req, res, { logger, metrics }) {
  const requestId = requestIdFrom(req.headers["x-request-id"]);
  res.setHeader("X-Request-Id", requestId);
  const trace = joinTrace(req.headers);
  const { method, path } = req;
  const route = routeOf(path);
  const start = performance.now();
  res.once("close", () => {
    const elapsedMs = performance.now() - start;
    // A WebSocket's response is never finished; it is over when the socket is.
    const isSocket = res.statusCode === 101;
    const status = res.writableFinished || isSocket ? res.statusCode : null;
    const { upstream } = res.locals;
    const ms = Math.round(elapsedMs);
    const line = { requestId, trace, method, path, status, ms, upstream };
    logger.info(line, status === null ? "broken off" : "answered");
    metrics.requests.inc({ route, method: methodOf(method), status: status ?? 0 });
    if (!isSocket) metrics.seconds.observe({ route }, elapsedMs / 1_000);
  });
}

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** @param {string} method @returns {string} one of few, whatever clients send */
function methodOf(method) {
  return METHODS.has(method) ? method : "other";
}

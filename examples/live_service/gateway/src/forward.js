// Passing a request on to a service, within the time its route is given.

import { Agent } from "node:http";
import { createProxyMiddleware } from "http-proxy-middleware";
import { readBody, refuseBody } from "./body.js";
import { cleanRequestHeaders, cleanResponseHeaders } from "./headers.js";
import { idempotencyKeyFor, isWellFormedKey } from "./idempotency.js";
import { sendProblem } from "./problems.js";

/**
 * @import { ClientRequest, IncomingMessage } from "node:http"
 * @import { Request, Response } from "express"
 * @import { Rotation } from "./rotation.js"
 * @import { ServiceName } from "./routes.js"
 */

/**
 * One request on its way through the gateway.
 *
 * @typedef {object} Exchange
 * @property {ServiceName} service
 * @property {string} address of the instance that was chosen
 * @property {boolean} keepAlive whether the client's connection outlives the answer
 * @property {boolean} timedOut
 * @property {ClientRequest | null} upstream
 */

// A connection to a service is kept for less time than gunicorn keeps an idle one
// (2 s unless told otherwise), so that none is reused while it is being closed.
const IDLE_CONNECTION_MS = 1_000;
const RETRY_AFTER_S = 1;

// The errors of a connection that never came about: the service has seen nothing.
const UNREACHABLE = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
]);

/**
 * @param {{
 *   rotations: Record<ServiceName, Rotation>,
 *   budgetMs: (path: string) => number,
 *   isDraining: () => boolean,
 * }} options
 * @returns a function that answers a request with what `service` answers, or
 *   with the problem that kept it from that
 */
export function createForward({ rotations, budgetMs, isDraining }) {
  /** @type {WeakMap<IncomingMessage, Exchange>} */
  const exchanges = new WeakMap();
  const proxy = createProxyMiddleware({
    target: rotations.account.addresses[0],
    router: (req) => exchanges.get(req)?.address,
    agent: new Agent({ keepAlive: true, timeout: IDLE_CONNECTION_MS }),
    changeOrigin: true,
    xfwd: true,
    on: {
      proxyReq: (upstream, req) => {
        const exchange = exchanges.get(req);
        if (!exchange || exchange.timedOut) upstream.destroy();
        else exchange.upstream = upstream;
      },
      proxyRes: (answer, req, res) => {
        cleanResponseHeaders(answer.headers);
        const keep = exchanges.get(req)?.keepAlive && !isDraining();
        answer.headers.connection = keep ? "keep-alive" : "close";
        // An answer that breaks off must not look to the client like a pause.
        answer.once("close", () => answer.complete || res.destroy());
      },
      error: (error, req, res) => {
        const exchange = exchanges.get(req);
        if (!("setHeader" in res) || res.headersSent || !exchange) res.destroy();
        else sendFailure(res, exchange.service, error);
      },
    },
  });

  /**
   * @param {Request} req
   * @param {Response} res
   * @param {ServiceName} service
   */
  return async function forward(req, res, service) {
    const key = idempotencyKeyFor(req);
    if (isWellFormedKey(key)) res.setHeader("Idempotency-Key", key);
    const body = await readBody(req).catch(() => undefined);
    if (body === undefined) return;
    if (body === null) return refuseBody(req, res);

    const address = rotations[service].next();
    /** @type {Exchange} */
    const exchange = {
      service,
      address,
      keepAlive: res.shouldKeepAlive,
      timedOut: false,
      upstream: null,
    };
    exchanges.set(req, exchange);
    res.locals.upstream = address;
    handOver(req, body, { requestId: String(res.getHeader("X-Request-Id")), key });

    const budget = budgetMs(req.path);
    const alarm = setTimeout(() => {
      exchange.timedOut = true;
      if (res.headersSent) res.destroy();
      else sendTimeout(res, service, budget);
      exchange.upstream?.destroy();
    }, budget);
    res.once("close", () => {
      clearTimeout(alarm);
      if (!res.writableFinished) exchange.upstream?.destroy();
    });
    await proxy(req, res);
  };
}

/**
 * Makes `req`, whose body has been read, what the proxy shall send.
 *
 * @param {Request} req
 * @param {Buffer} body
 * @param {{requestId: string, key: string | undefined}} names
 */
function handOver(req, body, { requestId, key }) {
  const hadBody = "content-length" in req.headers || "transfer-encoding" in req.headers;
  cleanRequestHeaders(req.headers);
  req.headers["x-request-id"] = requestId;
  if (key !== undefined) req.headers["idempotency-key"] = key;
  if (hadBody) req.headers["content-length"] = String(body.length);
  // The proxy takes a body by piping the request, which has nothing left to give.
  req.pipe = (sink) => {
    sink.end(body);
    return sink;
  };
}

/**
 * @param {Response} res
 * @param {ServiceName} service
 * @param {number} budgetMs
 */
function sendTimeout(res, service, budgetMs) {
  const detail = `the ${service} service did not answer within ${budgetMs / 1000} s`;
  sendProblem(res, "gateway-timeout", detail);
}

/**
 * @param {import("node:http").ServerResponse} res
 * @param {ServiceName} service
 * @param {NodeJS.ErrnoException} error
 */
function sendFailure(res, service, error) {
  if (UNREACHABLE.has(error.code ?? "")) {
    res.setHeader("Retry-After", RETRY_AFTER_S);
    sendProblem(res, "service-unavailable", `the ${service} service can't be reached`);
  } else {
    sendProblem(res, "bad-gateway", `the ${service} service broke off`);
  }
}

// Passing a request on to an instance of a service, or to another one after it, within
// the time its route is given.

import { Agent } from "node:http";
import { createProxyMiddleware } from "http-proxy-middleware";
import { readBody, refuseBody } from "./body.js";
import { ClientLeft } from "./breaker.js";
import { cleanRequestHeaders, cleanResponseHeaders, FORWARDED } from "./headers.js";
import { idempotencyKeyFor, isWellFormedKey } from "./idempotency.js";
import { sendProblem } from "./problems.js";
import { MOST_TRIES, mayRepeat, patienceMs } from "./retry.js";

/**
 * @import { ClientRequest, IncomingMessage } from "node:http"
 * @import { Request, Response } from "express"
 * @import { Instance, Instances } from "./instances.js"
 * @import { ServiceName } from "./routes.js"
 */

/**
 * One request on its way through the gateway.
 *
 * @typedef {object} Exchange
 * @property {boolean} keepAlive whether the client's connection outlives the answer
 * @property {Attempt | null} attempt the one that is being made
 * @property {boolean} over whether the time is over or the client has left
 */

/**
 * One try at one instance.
 *
 * @typedef {object} Attempt
 * @property {string} address
 * @property {ClientRequest | null} upstream
 * @property {boolean} givenUp
 * @property {() => void} begin tells that the answer begins
 * @property {(error: Error) => void} fail
 */

/**
 * What became of an attempt: the answer began, or what kept it from that.
 *
 * @typedef {"answered" | "unreachable" | "broken off" | "timed out" | "client left"} Outcome
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

class TimedOut extends Error {}

/**
 * @param {{
 *   instances: Record<ServiceName, Instances>,
 *   budgetMs: (path: string) => number,
 *   isDraining: () => boolean,
 *   onAttempt?: (service: ServiceName, address: string, outcome: Outcome) => void,
 *   onRetry?: (service: ServiceName) => void,
 * }} options
 * @returns a function that answers a request with what `service` answers, or
 *   with the problem that kept it from that
 */
export function createForward({
  instances,
  budgetMs,
  isDraining,
  onAttempt = () => {},
  onRetry = () => {},
}) {
  /** @type {WeakMap<IncomingMessage, Exchange>} */
  const exchanges = new WeakMap();
  const proxy = createProxyMiddleware({
    // Never used: the router knows an address for every request.
    target: "http://127.0.0.1:9",
    router: (req) => exchanges.get(req)?.attempt?.address,
    agent: new Agent({ keepAlive: true, timeout: IDLE_CONNECTION_MS }),
    changeOrigin: true,
    xfwd: true,
    on: {
      proxyReq: (upstream, req) => {
        const attempt = exchanges.get(req)?.attempt;
        if (!attempt || attempt.givenUp) upstream.destroy();
        else attempt.upstream = upstream;
      },
      proxyRes: (answer, req, res) => {
        cleanResponseHeaders(answer.headers);
        const exchange = exchanges.get(req);
        const keep = exchange?.keepAlive && !isDraining();
        answer.headers.connection = keep ? "keep-alive" : "close";
        // An answer that breaks off must not look to the client like a pause.
        answer.once("close", () => answer.complete || res.destroy());
        exchange?.attempt?.begin();
      },
      error: (error, req, res) => {
        const attempt = exchanges.get(req)?.attempt;
        if (!("headersSent" in res) || res.headersSent || !attempt) res.destroy();
        else attempt.fail(error);
      },
    },
  });

  /**
   * Resolves once the instance's answer begins, and rejects with what went wrong.
   *
   * @param {Instance} instance
   * @param {Request} req
   * @param {Response} res
   * @param {Exchange} exchange
   * @param {number | null} limitMs
   */
  function tryAt(instance, req, res, exchange, limitMs) {
    return new Promise((resolve, reject) => {
      const alarm =
        limitMs === null
          ? undefined
          : setTimeout(() => giveUp(exchange, new TimedOut("in time")), limitMs);
      exchange.attempt = {
        address: instance.address,
        upstream: null,
        givenUp: false,
        begin: () => {
          clearTimeout(alarm);
          resolve(undefined);
        },
        fail: (error) => {
          clearTimeout(alarm);
          reject(error);
        },
      };
      res.locals.upstream = instance.address;
      // The proxy adds to those that are there.
      for (const name of FORWARDED) delete req.headers[name];
      proxy(req, res, reject);
    });
  }

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

    handOver(req, body, { requestId: String(res.getHeader("X-Request-Id")), key });
    /** @type {Exchange} */
    const exchange = { keepAlive: res.shouldKeepAlive, attempt: null, over: false };
    exchanges.set(req, exchange);
    const budget = budgetMs(req.path);
    const end = performance.now() + budget;
    // Of the whole answer, from all attempts.
    const alarm = setTimeout(() => {
      exchange.over = true;
      if (res.headersSent) res.destroy();
      else sendFailure(res, service, new TimedOut(`within ${budget / 1000} s`));
      giveUp(exchange, new TimedOut("in time"));
    }, budget);
    res.once("close", () => {
      clearTimeout(alarm);
      if (res.writableFinished) return;
      exchange.over = true;
      giveUp(exchange, new ClientLeft());
    });

    const repeatable = mayRepeat(req.method, key);
    /** @type {Set<Instance>} */
    const tried = new Set();
    /** @type {unknown} */
    let failure = null;
    while (tried.size < (repeatable ? MOST_TRIES : 1)) {
      const instance = instances[service].next(tried);
      if (instance === null) break;
      if (tried.size > 0) onRetry(service);
      tried.add(instance);
      const limitMs = patienceMs({
        method: req.method,
        leftMs: end - performance.now(),
        canGoElsewhere:
          tried.size < MOST_TRIES && tried.size < instances[service].all.length,
      });
      try {
        await instance.breaker.fire(() => tryAt(instance, req, res, exchange, limitMs));
        onAttempt(service, instance.address, "answered");
        return;
      } catch (error) {
        failure = error;
        onAttempt(service, instance.address, outcomeOf(error));
        if (exchange.over || res.headersSent) return;
      }
    }
    sendFailure(res, service, failure);
  };
}

/**
 * Ends the attempt that is being made, if one is, and the answer that it has begun.
 *
 * @param {Exchange} exchange
 * @param {Error} why
 */
function giveUp({ attempt }, why) {
  if (attempt === null || attempt.givenUp) return;
  attempt.givenUp = true;
  attempt.fail(why);
  // Its error would be taken for one of the attempt that follows.
  attempt.upstream?.removeAllListeners("error");
  attempt.upstream?.on("error", () => {});
  attempt.upstream?.destroy();
}

/**
 * Makes `req`, whose body has been read, what the proxy shall send, however often.
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

/** @param {unknown} error @returns {Outcome} */
function outcomeOf(error) {
  if (error instanceof ClientLeft) return "client left";
  if (error instanceof TimedOut) return "timed out";
  const { code } = /** @type {NodeJS.ErrnoException} */ (error);
  return UNREACHABLE.has(code ?? "") ? "unreachable" : "broken off";
}

/**
 * @param {Response} res
 * @param {ServiceName} service
 * @param {unknown} failure null if there was no instance to try
 */
function sendFailure(res, service, failure) {
  const outcome = failure === null ? "unreachable" : outcomeOf(failure);
  if (outcome === "broken off") {
    sendProblem(res, "bad-gateway", `the ${service} service broke off`);
  } else if (outcome === "timed out") {
    const { message } = /** @type {TimedOut} */ (failure);
    const detail = `the ${service} service did not answer ${message}`;
    sendProblem(res, "gateway-timeout", detail);
  } else {
    res.setHeader("Retry-After", RETRY_AFTER_S);
    sendProblem(res, "service-unavailable", `the ${service} service can't be reached`);
  }
}

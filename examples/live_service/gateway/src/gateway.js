// The public door of the game: it routes by path to the two services, keeps
// `internal` addresses and privileged headers on the inside, and answers with a
// problem when a service can't.
//
//   const gateway = createGateway({ account: [url], gacha: [url] });
//   gateway.server.listen(8080);
//   …
//   await gateway.drain(8_000);

import { createServer } from "node:http";
import express from "express";
import pino from "pino";
import { announcesTooMuch } from "./body.js";
import { DiscoveryWatch } from "./discovery_watch.js";
import { createForward } from "./forward.js";
import { refuseBadHead } from "./headers.js";
import { InstanceLists } from "./instance_lists.js";
import { Instances } from "./instances.js";
import { rawProblem, sendProblem } from "./problems.js";
import { askServices } from "./readiness.js";
import { requestIdFrom } from "./request_id.js";
import { serviceFor } from "./routes.js";
import { RunningRequests } from "./running_requests.js";
import { securityHeaders } from "./security_headers.js";
import { DEFAULT_PULL_BUDGET_MS, DEFAULT_REQUEST_BUDGET_MS } from "./settings.js";
import { SocketPass } from "./socket_pass.js";
import { answerUpgrades, asksForWebSocket, refuseUpgradeWithBody } from "./upgrade.js";
import { frontPage, WEB_FOLDER, webFiles } from "./web_page.js";

/**
 * @import { Server } from "node:http"
 * @import { Socket } from "node:net"
 * @import { NextFunction, Request, Response } from "express"
 * @import { Logger } from "pino"
 * @import { DiscoverySettings } from "./settings.js"
 */

/**
 * @typedef {object} GatewayOptions
 * @property {readonly string[]} account addresses of the account service's instances
 * @property {readonly string[]} gacha addresses of the gacha service's instances
 * @property {DiscoverySettings | null} [discovery] who tells of instances that come and go
 * @property {Logger} [logger] silent without one
 * @property {number} [requestBudgetMs] how long a service may take for an answer
 * @property {number} [pullBudgetMs] the same for a pull, which waits for both services
 * @property {string} [webFolder] the files of the game's page
 */

/**
 * @typedef {object} Gateway
 * @property {Server} server not listening yet
 * @property {(limitMs: number) => Promise<boolean>} drain stops listening and
 *   resolves when the requests that run are answered and the WebSockets then closed: to
 *   true, or to false if the limit came first and requests have been cut off
 */

// A client has this long for its head and for head and body together.
const HEAD_LIMIT_MS = 10_000;
const REQUEST_LIMIT_MS = 20_000;
const LIMIT_CHECK_MS = 1_000;
const IDLE_SWEEP_MS = 50;

const SOCKET_PATH = "/gacha/socket";

/**
 * @param {GatewayOptions} options
 * @returns {Gateway}
 */
export function createGateway({
  account,
  gacha,
  discovery = null,
  logger = pino({ level: "silent" }),
  requestBudgetMs = DEFAULT_REQUEST_BUDGET_MS,
  pullBudgetMs = DEFAULT_PULL_BUDGET_MS,
  webFolder = WEB_FOLDER,
}) {
  let draining = false;
  /** @param {string} address @param {string} state */
  const onBreaker = (address, state) => logger.warn({ address, state }, "breaker");
  const instances = {
    account: new Instances(account, onBreaker),
    gacha: new Instances(gacha, onBreaker),
  };
  const lists = new InstanceLists(instances);
  const watch =
    discovery &&
    new DiscoveryWatch({
      ...discovery,
      apply: (update) => lists.apply(update),
      logger,
    });
  const forward = createForward({
    instances,
    budgetMs: (path) => (path === "/gacha/pull" ? pullBudgetMs : requestBudgetMs),
    isDraining: () => draining,
  });

  const sockets = new SocketPass(instances.gacha, requestBudgetMs);
  const running = new RunningRequests();
  const app = express();
  app.disable("etag");
  app.disable("x-powered-by");
  app.use((req, res, next) => {
    running.add(req, res);
    begin(req, res, logger);
    if (draining) res.setHeader("Connection", "close");
    next();
  });
  app.use(securityHeaders());
  app.use(refuseBadHead);
  app.use(refuseUpgradeWithBody);
  app.use((req, res, next) => {
    const toSocket = req.path === SOCKET_PATH && asksForWebSocket(req);
    return toSocket ? sockets.pass(req, res) : next();
  });
  app.use((req, res, next) => {
    const service = serviceFor(req.url);
    return service ? forward(req, res, service) : next();
  });
  app.use("/web", webFiles(webFolder));
  ownAddress(app, "/", frontPage(webFolder));
  ownAddress(app, "/livez", (res) => res.json({ status: "ok" }));
  ownAddress(app, "/readyz", async (res) => {
    const services = await askServices(instances);
    if (!draining && services.account === "ready" && services.gacha === "ready") {
      res.json({ status: "ready", services });
      return;
    }
    res.setHeader("Retry-After", 1);
    const detail = draining ? "the gateway is stopping" : "not every service is ready";
    sendProblem(res, "service-unavailable", detail, { services });
  });
  app.use((_req, res) => {
    sendProblem(res, "not-found", "there is nothing here; GET / lists what there is");
  });
  app.use(failureHandler(logger));

  const server = createServer(
    {
      headersTimeout: HEAD_LIMIT_MS,
      requestTimeout: REQUEST_LIMIT_MS,
      connectionsCheckingInterval: LIMIT_CHECK_MS,
      // Node would refuse it without a word; refuseBadHead has one.
      requireHostHeader: false,
    },
    app,
  );
  server.on("checkContinue", (req, res) => {
    // Who is told 413 before sending has no need to send.
    if (!announcesTooMuch(req)) res.writeContinue();
    app(req, res);
  });
  server.on("checkExpectation", app);
  server.on("upgrade", answerUpgrades(app));
  server.on("clientError", (error, socket) => {
    if (running.anyOn(socket)) socket.destroy();
    else answerBadHttp(error, socket);
  });

  return {
    server,
    async drain(limitMs) {
      draining = true;
      const complete = await closeWithin(server, sockets, limitMs);
      watch?.stop();
      for (const each of Object.values(instances)) each.close();
      return complete;
    },
  };
}

/**
 * Gives the request its id, and the log its line once it is over. Headers, bodies
 * and queries are never logged: they hold tokens and passwords.
 *
 * @param {Request} req
 * @param {Response} res
 * @param {Logger} logger
 */
function begin(req, res, logger) {
  const requestId = requestIdFrom(req.headers["x-request-id"]);
  res.setHeader("X-Request-Id", requestId);
  const { method, path } = req;
  const start = performance.now();
  res.once("close", () => {
    const ms = Math.round(performance.now() - start);
    // A WebSocket's response is never finished; it is over when the socket is.
    const whole = res.writableFinished || res.statusCode === 101;
    const status = whole ? res.statusCode : null;
    const { upstream } = res.locals;
    const line = { requestId, method, path, status, ms, upstream };
    logger.info(line, status === null ? "broken off" : "answered");
  });
}

/**
 * @param {express.Application} app
 * @param {string} path
 * @param {(res: Response, req: Request) => unknown} answer
 */
function ownAddress(app, path, answer) {
  app.get(path, (req, res) => answer(res, req));
  app.all(path, (req, res) => {
    res.setHeader("Allow", "GET, HEAD");
    sendProblem(
      res,
      "method-not-allowed",
      `${path} is read with GET, not with ${req.method}`,
    );
  });
}

/** @param {Logger} logger */
function failureHandler(logger) {
  /**
   * @param {Error} error
   * @param {Request} _req
   * @param {Response} res
   * @param {NextFunction} _next unused, but Express tells an error handler by it
   */
  return (error, _req, res, _next) => {
    const requestId = res.getHeader("X-Request-Id");
    logger.error({ requestId, err: error }, "request failed");
    if (res.headersSent) res.destroy();
    else sendProblem(res, "internal-error", "the request failed; its id is in the log");
  };
}

/**
 * @param {NodeJS.ErrnoException} error
 * @param {import("node:stream").Duplex} socket
 */
function answerBadHttp(error, socket) {
  const begun = /** @type {Socket} */ (socket).bytesWritten > 0;
  if (error.code === "ECONNRESET" || !socket.writable || begun) {
    socket.destroy();
    return;
  }
  const id = requestIdFrom(undefined);
  if (error.code === "HPE_HEADER_OVERFLOW") {
    socket.end(rawProblem("headers-too-large", "headers have at most 16 KiB", id));
  } else if (error.code === "ERR_HTTP_REQUEST_TIMEOUT") {
    socket.end(rawProblem("request-timeout", "the request did not arrive in time", id));
  } else {
    socket.end(
      rawProblem("bad-http", "this is not a well-formed HTTP/1.1 request", id),
    );
  }
}

/**
 * @param {Server} server
 * @param {SocketPass} sockets
 * @param {number} limitMs
 * @returns {Promise<boolean>}
 */
function closeWithin(server, sockets, limitMs) {
  return new Promise((resolve) => {
    let complete = true;
    /** @param {(areLeft: boolean) => void} tell whether requests still run */
    const requestsLeft = (tell) =>
      server.getConnections((_error, count) => tell(count > sockets.size));
    const limit = setTimeout(() => {
      requestsLeft((areLeft) => {
        complete = !areLeft;
        server.closeAllConnections();
        sockets.closeAll();
      });
    }, limitMs);
    const sweep = setInterval(() => {
      // A connection whose last answer was on its way when this began goes idle later.
      server.closeIdleConnections();
      // Sockets have no end of their own: they may last until nothing else does.
      requestsLeft((areLeft) => areLeft || sockets.closeAll());
    }, IDLE_SWEEP_MS);
    server.close(() => {
      clearInterval(sweep);
      clearTimeout(limit);
      resolve(complete);
    });
  });
}

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
import { answerBadHttp } from "./bad_http.js";
import { begin } from "./begin.js";
import { announcesTooMuch } from "./body.js";
import { DiscoveryWatch } from "./discovery_watch.js";
import { docsPage } from "./docs_page.js";
import { closeWithin } from "./drain.js";
import { createForward } from "./forward.js";
import { refuseBadHead } from "./headers.js";
import { InstanceLists } from "./instance_lists.js";
import { Instances } from "./instances.js";
import { createMetrics } from "./metrics.js";
import { ownAddress } from "./own_addresses.js";
import { requirePlayer } from "./player_tokens.js";
import { sendProblem } from "./problems.js";
import { createLimits } from "./rate_limits.js";
import { askServices } from "./readiness.js";
import { SOCKET_PATH, serviceFor } from "./routes.js";
import { RunningRequests } from "./running_requests.js";
import { securityHeaders } from "./security_headers.js";
import {
  DEFAULT_PULL_BUDGET_MS,
  DEFAULT_REQUEST_BUDGET_MS,
  DEFAULT_SOCKETS,
} from "./settings.js";
import { SocketPass } from "./socket_pass.js";
import { answerUpgrades, asksForWebSocket, refuseUpgradeWithBody } from "./upgrade.js";
import { frontPage, WEB_FOLDER, webFiles } from "./web_page.js";

/**
 * @import { Server } from "node:http"
 * @import { NextFunction, Request, Response } from "express"
 * @import { Logger } from "pino"
 * @import { ServiceName } from "./routes.js"
 * @import { DiscoverySettings, LimitSettings, SocketSettings, TokenSettings } from "./settings.js"
 */

/**
 * @typedef {object} GatewayOptions
 * @property {readonly string[]} account addresses of the account service's instances
 * @property {readonly string[]} gacha addresses of the gacha service's instances
 * @property {DiscoverySettings | null} [discovery] who tells of instances that come and go
 * @property {Logger} [logger] silent without one
 * @property {number} [requestBudgetMs] how long a service may take for an answer
 * @property {number} [pullBudgetMs] the same for a pull, which waits for both services
 * @property {TokenSettings | null} [tokens] without them the services alone check tokens
 * @property {LimitSettings} [limits] none without
 * @property {SocketSettings} [sockets] how many may be open
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

/** @type {LimitSettings} */
const NO_LIMITS = { perAddress: null, perPlayer: null, redisUrl: null };

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
  tokens = null,
  limits = NO_LIMITS,
  sockets: socketSettings = DEFAULT_SOCKETS,
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
  const sockets = new SocketPass(instances.gacha, {
    handshakeLimitMs: requestBudgetMs,
    settings: socketSettings,
    onRefused: (by) => metrics.socketsRefused.inc({ by }),
  });
  const metrics = createMetrics({ instances, sockets, watch });
  const forward = createForward({
    instances,
    budgetMs: (path) => (path === "/gacha/pull" ? pullBudgetMs : requestBudgetMs),
    isDraining: () => draining,
    onAttempt: (service, instance, outcome) =>
      metrics.upstream.inc({ service, instance, outcome }),
    onRetry: (service) => metrics.retries.inc({ service }),
  });
  const limiter = createLimits(limits, {
    logger,
    onLimited: (by) => metrics.limited.inc({ by }),
  });
  const running = new RunningRequests();
  const app = express();
  app.disable("etag");
  app.disable("x-powered-by");
  app.use((req, res, next) => {
    running.add(req, res);
    begin(req, res, { logger, metrics });
    if (draining) res.setHeader("Connection", "close");
    next();
  });
  app.use(securityHeaders());
  app.use(refuseBadHead);
  app.use(refuseUpgradeWithBody);
  app.use("/web", webFiles(webFolder));
  app.use("/docs", docsPage());
  const toServices = express.Router();
  toServices.use(limiter.byAddress);
  toServices.use((req, res, next) => {
    const toSocket = req.path === SOCKET_PATH && asksForWebSocket(req);
    return toSocket ? sockets.pass(req, res) : next();
  });
  if (tokens) toServices.use(requirePlayer(instances.account, tokens));
  toServices.use(limiter.byPlayer);
  toServices.use((req, res) =>
    forward(req, res, /** @type {ServiceName} */ (serviceFor(req.url))),
  );
  app.use((req, res, next) =>
    serviceFor(req.url) ? toServices(req, res, next) : next(),
  );
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
  ownAddress(app, "/metrics", async (res) => {
    res.type(metrics.registry.contentType).send(await metrics.registry.metrics());
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
      limiter.close();
      for (const each of Object.values(instances)) each.close();
      return complete;
    },
  };
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

// How often one client may come: by address, and by player where the token told who it
// is. The services have narrower limits of their own for what is dear.

import { ipKeyGenerator, rateLimit } from "express-rate-limit";
import { LimitStore, RedisCounts } from "./limit_store.js";
import { sendProblem } from "./problems.js";

/**
 * @import { NextFunction, Request, Response } from "express"
 * @import { Logger } from "pino"
 * @import { LimitSettings, Rate } from "./settings.js"
 * @typedef {(req: Request, res: Response, next: NextFunction) => unknown} Handler
 */

/**
 * Whose a request is, as far as addresses tell: all of an IPv6 network are one.
 *
 * @param {Request} req
 */
export function addressOf({ ip = "" }) {
  return ipKeyGenerator(ip);
}

/** @type {Handler} */
const letAllThrough = (_req, _res, next) => next();

/**
 * @param {LimitSettings} settings
 * @param {{logger: Logger, onLimited: (by: "address" | "player") => void}} parts
 */
export function createLimits(
  { perAddress, perPlayer, redisUrl },
  { logger, onLimited },
) {
  const isLimited = perAddress !== null || perPlayer !== null;
  const counts =
    isLimited && redisUrl !== null ? new RedisCounts(redisUrl, logger) : null;
  /** @type {LimitStore[]} */
  const stores = [];

  /**
   * @param {"address" | "player"} by
   * @param {Rate | null} rate
   * @param {(req: Request, res: Response) => string | undefined} identify
   * @returns {Handler}
   */
  const limit = (by, rate, identify) => {
    if (rate === null) return letAllThrough;
    const store = new LimitStore(counts, `gateway:${by}:`);
    stores.push(store);
    return rateLimit({
      windowMs: rate.windowMs,
      limit: rate.most,
      standardHeaders: "draft-6",
      legacyHeaders: false,
      store,
      skip: (req, res) => identify(req, res) === undefined,
      keyGenerator: (req, res) => String(identify(req, res)),
      // The address is that of the connection, whatever a client says in its headers.
      validate: { xForwardedForHeader: false, forwardedHeader: false },
      handler: (_req, res) => {
        onLimited(by);
        const wait = res.getHeader("Retry-After");
        const detail =
          `at most ${rate.most} requests in ${rate.windowMs / 1_000} s are taken from ` +
          `one ${by}; wait ${wait} s`;
        sendProblem(res, "too-many-requests", detail);
      },
    });
  };

  return {
    byAddress: limit("address", perAddress, addressOf),
    byPlayer: limit("player", perPlayer, (_req, res) => res.locals.player),
    close() {
      for (const store of stores) store.shutdown();
      counts?.close();
    },
  };
}

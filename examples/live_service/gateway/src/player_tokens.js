// Players' tokens, checked at the door against the account service's keys. The services
// check them again: what the gateway can't tell, as it can't get at the keys, is theirs.

import { createRemoteJWKSet, customFetch, errors, jwtVerify } from "jose";
import { sendProblem } from "./problems.js";
import { isProtected } from "./routes.js";

/**
 * @import { JWTVerifyGetKey } from "jose"
 * @import { NextFunction, Request, Response } from "express"
 * @import { Instances } from "./instances.js"
 * @import { TokenSettings } from "./settings.js"
 */

const ALGORITHM = "EdDSA";
const KEYS_PATH = "/account/.well-known/jwks.json";
const KEYS_LIMIT_MS = 1_000;
// Tokens with invented key ids must not become requests to account.
const LEAST_BETWEEN_FETCHES_MS = 1_000;
// A key that was withdrawn is known for no longer.
const KEYS_KEPT_MS = 5 * 60_000;
const CLOCK_SKEW_S = 60;

/** The account service's keys can't be had now. */
class KeysUnavailable extends Error {}

/**
 * The middleware that lets a request for a protected address pass with a good token
 * only, and leaves the player in `res.locals.player`.
 *
 * @param {Instances} account whose keys they are
 * @param {TokenSettings} settings
 */
export function requirePlayer(account, { issuer, audience }) {
  const findKey = keyFinder(account);

  /** @param {string} token */
  const playerOf = async (token) => {
    const { payload } = await jwtVerify(token, findKey, {
      algorithms: [ALGORITHM],
      issuer,
      audience,
      requiredClaims: ["sub", "iat", "exp"],
    });
    const isEarly = Number(payload.iat) > Date.now() / 1_000 + CLOCK_SKEW_S;
    if (typeof payload.sub !== "string" || isEarly) throw new errors.JWTInvalid();
    return payload.sub;
  };

  /** @param {Request} req @param {Response} res @param {NextFunction} next */
  return async (req, res, next) => {
    if (!isProtected(req.method, req.path)) return next();
    const [scheme, ...rest] = (req.headers.authorization ?? "").split(" ");
    const token = rest.join(" ").trim();
    if (scheme.toLowerCase() !== "bearer" || token === "") {
      const detail = "log in and send the token as 'Authorization: Bearer <token>'";
      res.setHeader("WWW-Authenticate", "Bearer");
      return sendProblem(res, "missing-token", detail);
    }
    try {
      res.locals.player = await playerOf(token);
    } catch (error) {
      if (!(error instanceof KeysUnavailable)) {
        res.setHeader("WWW-Authenticate", 'Bearer error="invalid_token"');
        return sendProblem(res, "invalid-token", whyInvalid(error));
      }
    }
    return next();
  };
}

/**
 * @param {Instances} account
 * @returns {JWTVerifyGetKey}
 */
function keyFinder(account) {
  let failedAt = Number.NEGATIVE_INFINITY;
  /** @param {string} _url @param {object} options */
  const fetchKeys = async (_url, options) => {
    const instance = account.next();
    const isTooSoon = performance.now() < failedAt + LEAST_BETWEEN_FETCHES_MS;
    if (instance === null || isTooSoon) throw new KeysUnavailable();
    try {
      const answer = await fetch(new URL(KEYS_PATH, instance.address), options);
      if (answer.status !== 200) throw new KeysUnavailable();
      return answer;
    } catch (error) {
      failedAt = performance.now();
      throw error;
    }
  };
  const keys = createRemoteJWKSet(new URL(KEYS_PATH, "http://account"), {
    cacheMaxAge: KEYS_KEPT_MS,
    cooldownDuration: LEAST_BETWEEN_FETCHES_MS,
    timeoutDuration: KEYS_LIMIT_MS,
    [customFetch]: fetchKeys,
  });
  return async (header, token) => {
    // Without an id any key would do, and the services take none.
    if (typeof header.kid !== "string") throw new errors.JWKSNoMatchingKey();
    try {
      return await keys(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) throw error;
      throw new KeysUnavailable();
    }
  };
}

/**
 * In the words of ../../shared_http/player_tokens.py.
 *
 * @param {unknown} error
 */
function whyInvalid(error) {
  if (error instanceof errors.JWTExpired) return "the token has expired; log in again";
  if (error instanceof errors.JWKSNoMatchingKey) {
    return "the token names no key that is known here";
  }
  if (error instanceof errors.JWTClaimValidationFailed && error.reason !== "missing") {
    if (error.claim === "aud") return "the token is for another audience";
    if (error.claim === "iss") return "the token is from another issuer";
  }
  return "the token is not valid; log in again";
}

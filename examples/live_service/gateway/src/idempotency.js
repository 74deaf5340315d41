// The client's name for one purchase or pull it means.

import { randomUUID } from "node:crypto";

/** @import { Request } from "express" */

// What spends or gives currency. A service would make a missing key as well, but
// one that never answers can't tell it, and then nobody could ask what happened.
const DONE_ONCE = new Set(["/account/buy-currency", "/gacha/pull"]);

// The same as in ../../shared_http/idempotency.py, which refuses all others.
const WELL_FORMED = /^[A-Za-z0-9._:-]{1,100}$/;

/**
 * The key that `req` goes by: its own, be it well-formed or not, or a new one.
 *
 * @param {Request} req
 * @returns {string | undefined} undefined for a request that needs none
 */
export function idempotencyKeyFor(req) {
  if (req.method !== "POST" || !DONE_ONCE.has(req.path)) return undefined;
  const given = req.headers["idempotency-key"];
  return given === undefined ? randomUUID() : String(given);
}

/**
 * Whether a key can be named in an answer.
 *
 * @param {string | undefined} key
 * @returns {key is string}
 */
export function isWellFormedKey(key) {
  return key !== undefined && WELL_FORMED.test(key);
}

// Request bodies: read whole, never parsed, and never beyond the limit.

import { writeProblem } from "./problems.js";

/** @import { IncomingMessage, ServerResponse } from "node:http" */

export const BODY_LIMIT_BYTES = 65_536;

// A client that is told 413 while it still sends would lose the answer if the
// connection were cut at once, so this much more is read and thrown away.
const DISCARD_LIMIT_BYTES = 8 * 1024 * 1024;
const DISCARD_LIMIT_MS = 2_000;

/** @param {IncomingMessage} req */
export function announcesTooMuch(req) {
  return Number(req.headers["content-length"] ?? 0) > BODY_LIMIT_BYTES;
}

/**
 * The body's bytes, or null as soon as it is known to have too many. Rejects if the
 * client leaves before the end. A service is asked only once the body is
 * complete: a part of one must never look to it like the whole.
 *
 * @param {IncomingMessage} req
 * @returns {Promise<Buffer | null>}
 */
export function readBody(req) {
  if (announcesTooMuch(req)) return Promise.resolve(null);
  if (req.destroyed) return Promise.reject(new Error("the client left"));
  return new Promise((resolve, reject) => {
    /** @type {Buffer[]} */
    const chunks = [];
    let size = 0;
    /** @param {Buffer} chunk */
    const take = (chunk) => {
      size += chunk.length;
      if (size > BODY_LIMIT_BYTES) {
        req.off("data", take);
        resolve(null);
      } else {
        chunks.push(chunk);
      }
    };
    req.on("data", take);
    req.once("end", () => resolve(Buffer.concat(chunks)));
    req.once("error", reject);
    req.once("close", () => reject(new Error("the client left")));
  });
}

/**
 * Answers 413, and ends the answer when the client is done sending or has been
 * given its time to notice.
 *
 * @param {IncomingMessage} req
 * @param {ServerResponse} res
 */
export function refuseBody(req, res) {
  let discarded = 0;
  const limit = setTimeout(() => req.destroy(), DISCARD_LIMIT_MS);
  writeProblem(res, "body-too-large", `a body has at most ${BODY_LIMIT_BYTES} bytes`);
  req.on("data", (chunk) => {
    discarded += chunk.length;
    if (discarded > DISCARD_LIMIT_BYTES) req.destroy();
  });
  req.once("end", () => res.end());
  req.once("close", () => clearTimeout(limit));
}

// The credential by which the game's own programs know each other.

import { createHash, timingSafeEqual } from "node:crypto";

/** @import { Metadata } from "@grpc/grpc-js" */

export const CREDENTIAL_KEY = "x-service-token";

/**
 * A function that tells whether a call's metadata has the token.
 *
 * @param {string} token
 */
export function createCredentialCheck(token) {
  const right = digest(token);
  /** @param {Metadata} metadata */
  return (metadata) => {
    const given = metadata.get(CREDENTIAL_KEY);
    // In constant time, so that answers don't tell how much of a guess was right.
    return given.length === 1 && timingSafeEqual(digest(String(given[0])), right);
  };
}

/** @param {string} text */
function digest(text) {
  return createHash("sha256").update(text).digest();
}

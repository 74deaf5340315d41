// The breaker of one instance: after too many failures it gets no requests for a
// moment, then one, and by that it shows whether it is back.

import CircuitBreaker from "opossum";

/** The client gave up, which says nothing about the instance. */
export class ClientLeft extends Error {}

const OPTIONS = {
  // Half of at least five requests in ten seconds.
  errorThresholdPercentage: 50,
  volumeThreshold: 5,
  rollingCountTimeout: 10_000,
  rollingCountBuckets: 10,
  resetTimeout: 1_000,
  // The route's time is looked after in forward.js.
  timeout: /** @type {const} */ (false),
  errorFilter: (/** @type {unknown} */ error) => error instanceof ClientLeft,
};

/** @typedef {CircuitBreaker<[() => Promise<void>], void>} Breaker */

/** @returns {Breaker} */
export function createBreaker() {
  return new CircuitBreaker((attempt) => attempt(), OPTIONS);
}

/**
 * Whether a request may be sent now.
 *
 * @param {Breaker} breaker
 */
export function letsThrough(breaker) {
  return breaker.closed || breaker.pendingClose;
}

/**
 * @param {Breaker} breaker
 * @returns {"closed" | "half-open" | "open"}
 */
export function stateOf(breaker) {
  if (breaker.closed) return "closed";
  return breaker.halfOpen ? "half-open" : "open";
}

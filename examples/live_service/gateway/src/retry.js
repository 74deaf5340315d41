// Which requests may be sent a second time, and for how long an instance is waited for
// before.

export const MOST_TRIES = 3;

const READING = new Set(["GET", "HEAD"]);

/**
 * Whether sending it twice does no more than sending it once.
 *
 * @param {string} method
 * @param {string | undefined} idempotencyKey
 */
export function mayRepeat(method, idempotencyKey) {
  return READING.has(method) || idempotencyKey !== undefined;
}

/**
 * How long an instance that says nothing is waited for before another is asked: if the
 * request only reads and there is another, half of its time. What spends is left where it
 * is, as long as it may be at work there.
 *
 * @param {{method: string, leftMs: number, canGoElsewhere: boolean}} request
 * @returns {number | null} null is to the end
 */
export function patienceMs({ method, leftMs, canGoElsewhere }) {
  return READING.has(method) && canGoElsewhere ? leftMs / 2 : null;
}

// The name of a request in logs, in answers and at the services behind.

import { randomUUID } from "node:crypto";

const SANE = /^[A-Za-z0-9._-]{1,64}$/;

/**
 * The caller's own id if it can be written into a log as it is, else a new one.
 *
 * @param {string | string[] | undefined} offered
 * @returns {string}
 */
export function requestIdFrom(offered) {
  return typeof offered === "string" && SANE.test(offered) ? offered : randomUUID();
}

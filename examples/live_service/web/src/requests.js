// One request, and what its answer tells. Each is answered, or raises Problem or NoAnswer.

import { NoAnswer, Problem } from "./problems.js";

const PATIENCE_MS = 15_000;

/**
 * @typedef {object} Request
 * @property {string} method
 * @property {string} path
 * @property {object} [body]
 * @property {Record<string, string>} [headers]
 * @property {string | null} [token] whose request it is
 * @property {boolean} [outlivesPage] whether it is sent on while the page is closed
 */

/**
 * @param {Request} request
 * @returns {Promise<any>}
 */
export async function send({
  method,
  path,
  body,
  headers = {},
  token = null,
  outlivesPage = false,
}) {
  let answer;
  let told;
  try {
    answer = await fetch(path, {
      method,
      headers: {
        Accept: "application/json",
        ...(token ? { Authorization: `Bearer ${token}` } : {}),
        ...(body ? { "Content-Type": "application/json" } : {}),
        ...headers,
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
      cache: "no-store",
      keepalive: outlivesPage,
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    told = await answer.json();
  } catch {
    throw new NoAnswer();
  }
  if (answer.ok) return told;
  throw new Problem(
    answer.status,
    told,
    Number(answer.headers.get("Retry-After")) || 0,
  );
}

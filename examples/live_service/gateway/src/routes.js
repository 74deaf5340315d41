// Which service a request target belongs to.

/** @typedef {"account" | "gacha"} ServiceName */

/** @type {readonly ServiceName[]} */
export const SERVICES = ["account", "gacha"];

// The one address that opens a WebSocket.
export const SOCKET_PATH = "/gacha/socket";

// What needs a player's token, as the contract has it (`security`).
const PROTECTED = new Set([
  "GET /account/currency",
  "GET /account/spending",
  "POST /account/buy-currency",
  "GET /gacha/history",
  "POST /gacha/pull",
]);

// Every public address is spelled with these characters alone. Percent escapes,
// empty segments, backslashes and path parameters are read differently by
// different servers, so a target that has any of them is not passed on at all.
const PUBLIC_PATH = /^\/(account|gacha)((?:\/[A-Za-z0-9._~-]+)+)$/;
const QUERY = /^[\x21\x22\x24-\x7e]*$/;

/**
 * The service that answers `target` (path and query as the client sent them), or
 * null if the gateway shows nothing there: addresses of no service, `internal`
 * ones whatever the case, and those which are not in their plainest spelling.
 *
 * @param {string} target
 * @returns {ServiceName | null}
 */
export function serviceFor(target) {
  const mark = target.indexOf("?");
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? "" : target.slice(mark + 1);
  const match = PUBLIC_PATH.exec(path);
  if (!match || !QUERY.test(query)) return null;
  const hidden = match[2]
    .split("/")
    .some((part) => part === "." || part === ".." || part.toLowerCase() === "internal");
  return hidden ? null : /** @type {ServiceName} */ (match[1]);
}

/**
 * Whether a request is for a player only.
 *
 * @param {string} method
 * @param {string} path
 */
export function isProtected(method, path) {
  return PROTECTED.has(`${method === "HEAD" ? "GET" : method} ${path}`);
}

// Problem answers (RFC 9457). The types are those of ../../api/openapi.yaml.

import { STATUS_CODES } from "node:http";

/** @import { ServerResponse } from "node:http" */

const PROBLEMS = {
  "bad-http": { status: 400, title: "Bad HTTP" },
  "missing-token": { status: 401, title: "Missing token" },
  "invalid-token": { status: 401, title: "Invalid token" },
  "not-found": { status: 404, title: "Not found" },
  "method-not-allowed": { status: 405, title: "Method not allowed" },
  "request-timeout": { status: 408, title: "Request timeout" },
  "body-too-large": { status: 413, title: "Body too large" },
  "too-many-requests": { status: 429, title: "Too many requests" },
  "headers-too-large": { status: 431, title: "Headers too large" },
  "internal-error": { status: 500, title: "Internal error" },
  "bad-gateway": { status: 502, title: "Bad gateway" },
  "service-unavailable": { status: 503, title: "Service unavailable" },
  "gateway-timeout": { status: 504, title: "Gateway timeout" },
};

/** @typedef {keyof typeof PROBLEMS} ProblemKind */

/**
 * @param {ProblemKind} kind
 * @param {string} detail what was wrong and what would be right
 * @param {string} requestId
 * @param {Record<string, unknown>} [members] what the type has beyond the usual
 */
function problemBody(kind, detail, requestId, members = {}) {
  const { status, title } = PROBLEMS[kind];
  const type = `/problems/${kind}`;
  return JSON.stringify({ type, title, status, detail, requestId, ...members });
}

/**
 * Writes a problem as the whole answer but leaves the ending to the caller. The
 * response must not have begun, and must have its X-Request-Id header already.
 *
 * @param {ServerResponse} res
 * @param {ProblemKind} kind
 * @param {string} detail
 * @param {Record<string, unknown>} [members]
 */
export function writeProblem(res, kind, detail, members) {
  const requestId = String(res.getHeader("X-Request-Id"));
  const body = problemBody(kind, detail, requestId, members);
  res.writeHead(PROBLEMS[kind].status, {
    "Content-Type": "application/problem+json",
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-store",
  });
  res.write(body);
}

/**
 * Answers with a problem, as writeProblem does, and ends the answer.
 *
 * @param {ServerResponse} res
 * @param {ProblemKind} kind
 * @param {string} detail
 * @param {Record<string, unknown>} [members]
 */
export function sendProblem(res, kind, detail, members) {
  writeProblem(res, kind, detail, members);
  res.end();
}

/**
 * The same as bytes for the socket, for input that never became a request.
 *
 * @param {ProblemKind} kind
 * @param {string} detail
 * @param {string} requestId
 */
export function rawProblem(kind, detail, requestId) {
  const { status } = PROBLEMS[kind];
  const body = problemBody(kind, detail, requestId);
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "Content-Type: application/problem+json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Cache-Control: no-store",
    `X-Request-Id: ${requestId}`,
    "Connection: close",
    "",
    body,
  ].join("\r\n");
}

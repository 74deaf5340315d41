// What of a message's head crosses the gateway.

import { sendProblem } from "./problems.js";

/**
 * @import { IncomingHttpHeaders } from "node:http"
 * @import { NextFunction, Request, Response } from "express"
 */

// They speak of one connection, not of the message (RFC 9110, 7.6.1). `expect`
// is among them because the gateway has answered it itself.
const HOP_BY_HOP = [
  "connection",
  "expect",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

// What the gateway tells a service about the client.
export const FORWARDED = [
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-proto",
];

/** @param {IncomingHttpHeaders} headers */
function dropHopByHop(headers) {
  for (const named of (headers.connection ?? "").split(",")) {
    delete headers[named.trim().toLowerCase()];
  }
  for (const name of HOP_BY_HOP) delete headers[name];
}

/**
 * Whether a client's header of this (lower-case) name could pass for one that only
 * the services' own side may send. A name with an underscore counts, because WSGI
 * servers read `x_service_token` as `x-service-token`.
 *
 * @param {string} name
 */
function isPrivileged(name) {
  return (
    name.includes("_") ||
    name === "x-service-token" ||
    name.startsWith("x-internal-") ||
    name === "forwarded" ||
    name.startsWith("x-forwarded-")
  );
}

/**
 * Removes from a client's headers, in place, what must not reach a service.
 *
 * @param {IncomingHttpHeaders} headers
 */
export function cleanRequestHeaders(headers) {
  dropHopByHop(headers);
  for (const name of Object.keys(headers)) {
    if (isPrivileged(name)) delete headers[name];
  }
}

/**
 * Removes from a service's headers, in place, what must not reach a client.
 *
 * @param {IncomingHttpHeaders} headers
 */
export function cleanResponseHeaders(headers) {
  dropHopByHop(headers);
  for (const name of Object.keys(headers)) {
    if (name.startsWith("x-internal-")) delete headers[name];
  }
  delete headers.server;
  delete headers["x-request-id"];
}

/**
 * Refuses a head that HTTP/1.1 does not allow although it can be read.
 *
 * @param {Request} req
 * @param {Response} res
 * @param {NextFunction} next
 */
export function refuseBadHead(req, res, next) {
  const { host, expect } = req.headers;
  if (host === undefined && req.httpVersion === "1.1") {
    refuse("a request names its Host");
  } else if (expect !== undefined && expect.toLowerCase() !== "100-continue") {
    refuse("the one Expect that is met is 100-continue");
  } else {
    next();
  }

  /** @param {string} detail */
  function refuse(detail) {
    // The body, if one follows, is left unread.
    res.setHeader("Connection", "close");
    sendProblem(res, "bad-http", detail);
  }
}

// W3C Trace Context: which trace a request belongs to.

import { randomBytes } from "node:crypto";

/** @import { IncomingHttpHeaders } from "node:http" */

// A version that is not known yet may have more at the end.
const WELL_FORMED =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/;

/**
 * Sees to it that the headers name a trace, in place: the client's, or a new one. The
 * client's `tracestate` belongs to its own trace only.
 *
 * @param {IncomingHttpHeaders} headers
 * @returns {string} the trace's id
 */
export function joinTrace(headers) {
  const given = WELL_FORMED.exec(String(headers.traceparent ?? ""));
  if (given) return given[1];
  const trace = randomBytes(16).toString("hex");
  headers.traceparent = `00-${trace}-${randomBytes(8).toString("hex")}-01`;
  delete headers.tracestate;
  return trace;
}

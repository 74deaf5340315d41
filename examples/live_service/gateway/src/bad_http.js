// Input that never became a request.

import { rawProblem } from "./problems.js";
import { requestIdFrom } from "./request_id.js";

/** @import { Socket } from "node:net" */

/**
 * Answers it with a problem and hangs up.
 *
 * @param {NodeJS.ErrnoException} error
 * @param {import("node:stream").Duplex} socket
 */
export function answerBadHttp(error, socket) {
  const begun = /** @type {Socket} */ (socket).bytesWritten > 0;
  if (error.code === "ECONNRESET" || !socket.writable || begun) {
    socket.destroy();
    return;
  }
  const id = requestIdFrom(undefined);
  if (error.code === "HPE_HEADER_OVERFLOW") {
    socket.end(rawProblem("headers-too-large", "headers have at most 16 KiB", id));
  } else if (error.code === "ERR_HTTP_REQUEST_TIMEOUT") {
    socket.end(rawProblem("request-timeout", "the request did not arrive in time", id));
  } else {
    socket.end(
      rawProblem("bad-http", "this is not a well-formed HTTP/1.1 request", id),
    );
  }
}

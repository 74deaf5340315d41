// Ending a server without losing what it is doing.

/**
 * @import { Server } from "node:http"
 * @import { SocketPass } from "./socket_pass.js"
 */

const IDLE_SWEEP_MS = 50;

/**
 * Stops listening and waits until every request is answered, then closes the sockets.
 * True, or false if the limit came first and requests were cut off.
 *
 * @param {Server} server
 * @param {SocketPass} sockets
 * @param {number} limitMs
 * @returns {Promise<boolean>}
 */
export function closeWithin(server, sockets, limitMs) {
  return new Promise((resolve) => {
    let complete = true;
    /** @param {(areLeft: boolean) => void} tell whether requests still run */
    const requestsLeft = (tell) =>
      server.getConnections((_error, count) => tell(count > sockets.size));
    const limit = setTimeout(() => {
      requestsLeft((areLeft) => {
        complete = !areLeft;
        server.closeAllConnections();
        sockets.closeAll();
      });
    }, limitMs);
    const sweep = setInterval(() => {
      // A connection whose last answer was on its way when this began goes idle later.
      server.closeIdleConnections();
      // Sockets have no end of their own: they may last until nothing else does.
      requestsLeft((areLeft) => areLeft || sockets.closeAll());
    }, IDLE_SWEEP_MS);
    server.close(() => {
      clearInterval(sweep);
      clearTimeout(limit);
      resolve(complete);
    });
  });
}

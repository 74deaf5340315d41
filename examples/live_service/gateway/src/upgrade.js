// Requests that ask for another protocol: Node hands them over with the bare
// connection and without a response. Here they get one, so that they go the same way
// as all others and are answered, logged and refused alike.

import { ServerResponse } from "node:http";
import { sendProblem } from "./problems.js";

/**
 * @import { IncomingMessage } from "node:http"
 * @import { Socket } from "node:net"
 * @import { Duplex } from "node:stream"
 * @import { NextFunction, Request, Response } from "express"
 */

/** @type {WeakSet<IncomingMessage>} */
const upgrading = new WeakSet();

/**
 * The listener for a server's `upgrade` events.
 *
 * @param {(req: IncomingMessage, res: ServerResponse) => void} app
 */
export function answerUpgrades(app) {
  /** @param {IncomingMessage} req @param {Duplex} connection @param {Buffer} head */
  return (req, connection, head) => {
    const socket = /** @type {Socket} */ (connection);
    socket.on("error", () => socket.destroy());
    // What the client sent after its request belongs to the new protocol.
    if (head.length > 0) socket.unshift(head);
    const res = new ServerResponse(req);
    res.shouldKeepAlive = false;
    res.assignSocket(socket);
    res.once("finish", () => socket.destroySoon());
    upgrading.add(req);
    app(req, res);
  };
}

/** @param {IncomingMessage} req */
export function asksForWebSocket(req) {
  const wanted = req.headers.upgrade?.toLowerCase();
  return upgrading.has(req) && req.method === "GET" && wanted === "websocket";
}

/**
 * Another protocol than a WebSocket is nobody's duty to speak (RFC 9110, 7.8), and the
 * request is answered in HTTP; but Node has not read its body, if it has one.
 *
 * @param {Request} req
 * @param {Response} res
 * @param {NextFunction} next
 */
export function refuseUpgradeWithBody(req, res, next) {
  const hasBody =
    "transfer-encoding" in req.headers ||
    Number(req.headers["content-length"] ?? 0) > 0;
  if (upgrading.has(req) && hasBody) {
    sendProblem(res, "bad-http", "a request with a body can't ask for an Upgrade");
  } else {
    next();
  }
}

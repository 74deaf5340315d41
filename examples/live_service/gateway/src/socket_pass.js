// WebSockets on their way through the gateway. It speaks the handshake and passes the
// bytes on; what is in the frames is between the client and the service.

import { request } from "node:http";
import { cleanRequestHeaders, cleanResponseHeaders } from "./headers.js";
import { sendProblem } from "./problems.js";
import { addressOf } from "./rate_limits.js";
import { MOST_TRIES } from "./retry.js";
import { SocketPlaces } from "./socket_places.js";
import { closeFrame, FrameBoundaries } from "./websocket_frames.js";

/**
 * @import { IncomingMessage, OutgoingHttpHeaders } from "node:http"
 * @import { Socket } from "node:net"
 * @import { Request, Response } from "express"
 * @import { Instance, Instances } from "./instances.js"
 * @import { SocketSettings } from "./settings.js"
 * @import { Bound } from "./socket_places.js"
 */

const GOING_AWAY = 1001;
// How long a client may take for its side of the closing, or a service for the rest
// of a frame.
const CLOSING_LIMIT_MS = 1_000;
// So that a client that vanished without a word is noticed, ping or no ping.
const KEEP_ALIVE_MS = 30_000;
// Sockets are open for long; who is refused one need not ask every second.
const ROOM_WAIT_S = 10;

/** The open WebSockets, each from a client to an instance of a service. */
export class SocketPass {
  #instances;
  #handshakeLimitMs;
  #settings;
  #places;
  #onRefused;
  /** @type {Set<JoinedSockets>} */
  #open = new Set();

  /**
   * @param {Instances} instances of the service behind
   * @param {object} options
   * @param {number} options.handshakeLimitMs
   * @param {SocketSettings} options.settings
   * @param {(by: Bound) => void} options.onRefused there are as many as there may be
   */
  constructor(instances, { handshakeLimitMs, settings, onRefused }) {
    this.#instances = instances;
    this.#handshakeLimitMs = handshakeLimitMs;
    this.#settings = settings;
    this.#places = new SocketPlaces(settings);
    this.#onRefused = onRefused;
  }

  /** How many are open. */
  get size() {
    return this.#open.size;
  }

  /** Tells every client that the gateway goes away (1001), and hangs up. */
  closeAll() {
    for (const joined of this.#open) joined.close(GOING_AWAY);
  }

  /**
   * Asks an instance for the WebSocket that `req` wants, and another one where it can't
   * be reached. A refusal is the answer; if there is none, a problem is.
   *
   * @param {Request} req one that upgrade.js gave its response
   * @param {Response} res
   */
  pass(req, res) {
    const address = addressOf(req);
    const full = this.#places.fullFor(address);
    if (full !== null) {
      this.#refuse(res, full);
      return;
    }
    // The response is open for as long as the socket is.
    res.once("close", this.#places.take(address));
    const headers = handshakeHeaders(req, String(res.getHeader("X-Request-Id")));
    const abort = new AbortController();
    const alarm = setTimeout(() => {
      const limit = `${this.#handshakeLimitMs / 1000} s`;
      if (!res.headersSent) {
        sendProblem(res, "gateway-timeout", `no socket was opened within ${limit}`);
      }
      abort.abort();
    }, this.#handshakeLimitMs);
    res.once("close", () => {
      clearTimeout(alarm);
      abort.abort();
    });
    /** @type {Set<Instance>} */
    const tried = new Set();
    const knock = () => {
      const instance = tried.size < MOST_TRIES ? this.#instances.next(tried) : null;
      if (instance === null) return sendUnreachable(res);
      tried.add(instance);
      res.locals.upstream = instance.address;
      const url = new URL(req.url, instance.address);
      const upstream = request(url, { headers, agent: false, signal: abort.signal });
      upstream.once("upgrade", (answer, socket, head) => {
        clearTimeout(alarm);
        this.#join(req, res, answer, /** @type {Socket} */ (socket), head);
      });
      upstream.once("response", (answer) => relayRefusal(answer, res));
      upstream.on("error", () => {
        if (!res.headersSent && !res.destroyed) knock();
      });
      upstream.end();
    };
    knock();
  }

  /** @param {Response} res @param {Bound} full */
  #refuse(res, full) {
    this.#onRefused(full);
    const { most, perAddress } = this.#settings;
    res.setHeader("Retry-After", ROOM_WAIT_S);
    if (full === "address") {
      const detail = `at most ${perAddress} sockets may be open from one address`;
      sendProblem(res, "too-many-requests", detail);
    } else {
      const detail = `at most ${most} sockets may be open here; try again later`;
      sendProblem(res, "service-unavailable", detail);
    }
  }

  /**
   * @param {Request} req
   * @param {Response} res
   * @param {IncomingMessage} answer
   * @param {Socket} service
   * @param {Buffer} head what the service sent after its answer
   */
  #join(req, res, answer, service, head) {
    const client = req.socket;
    service.on("error", () => service.destroy());
    if (client.destroyed) {
      service.destroy();
      return;
    }
    if (head.length > 0) service.unshift(head);
    // Written past the response, which is left open for as long as the socket is.
    res.statusCode = 101;
    client.write(switchingHead(answer, String(res.getHeader("X-Request-Id"))));
    const joined = new JoinedSockets(client, service);
    this.#open.add(joined);
    client.once("close", () => this.#open.delete(joined));
  }
}

/** Two connections that get each other's bytes, and end together. */
class JoinedSockets {
  #client;
  #service;
  #boundaries = new FrameBoundaries();
  /** @type {number | null} the code to close with, once it is wanted */
  #closing = null;

  /** @param {Socket} client @param {Socket} service */
  constructor(client, service) {
    this.#client = client;
    this.#service = service;
    for (const socket of [client, service]) {
      socket.setNoDelay(true);
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
    }
    client.pipe(service);
    service.on("data", (chunk) => this.#toClient(chunk));
    service.once("end", () => client.end());
    client.on("drain", () => service.resume());
    client.once("close", () => service.destroy());
    service.once("close", () => client.destroySoon());
  }

  /** @param {number} code */
  close(code) {
    if (this.#closing !== null) return;
    this.#closing = code;
    const limit = setTimeout(() => this.#client.destroy(), CLOSING_LIMIT_MS);
    this.#client.once("close", () => clearTimeout(limit));
    if (this.#boundaries.between) this.#hangUp();
    else this.#service.resume();
  }

  /** @param {Buffer} chunk */
  #toClient(chunk) {
    const end = this.#boundaries.pass(chunk);
    if (this.#closing !== null && end >= 0) {
      this.#client.write(chunk.subarray(0, end));
      this.#hangUp();
    } else if (!this.#client.write(chunk)) {
      this.#service.pause();
    }
  }

  #hangUp() {
    this.#client.unpipe(this.#service);
    this.#service.removeAllListeners("data");
    this.#service.destroy();
    // Read on, or the frame may be lost in the reset of the connection.
    this.#client.resume();
    this.#client.end(closeFrame(this.#closing ?? GOING_AWAY));
  }
}

/** @param {Response} res */
function sendUnreachable(res) {
  res.setHeader("Retry-After", 1);
  sendProblem(res, "service-unavailable", "the gacha service can't be reached");
}

/**
 * @param {Request} req
 * @param {string} requestId
 * @returns {OutgoingHttpHeaders}
 */
function handshakeHeaders(req, requestId) {
  cleanRequestHeaders(req.headers);
  // Host becomes the instance's own; what the client called the game goes beside it.
  const { host = "", ...headers } = req.headers;
  return {
    ...headers,
    connection: "Upgrade",
    upgrade: "websocket",
    "x-forwarded-for": req.socket.remoteAddress ?? "",
    "x-forwarded-host": host,
    "x-forwarded-port": String(req.socket.localPort),
    "x-forwarded-proto": "http",
    "x-request-id": requestId,
  };
}

/** @param {IncomingMessage} answer @param {Response} res */
function relayRefusal(answer, res) {
  cleanResponseHeaders(answer.headers);
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value !== undefined) res.setHeader(name, value);
  }
  res.statusCode = answer.statusCode ?? 502;
  answer.once("close", () => answer.complete || res.destroy());
  answer.pipe(res);
}

/** @param {IncomingMessage} answer @param {string} requestId */
function switchingHead(answer, requestId) {
  cleanResponseHeaders(answer.headers);
  const fields = Object.entries(answer.headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((each) => `${name}: ${each}`),
  );
  return [
    "HTTP/1.1 101 Switching Protocols",
    "Connection: Upgrade",
    "Upgrade: websocket",
    `X-Request-Id: ${requestId}`,
    ...fields,
    "",
    "",
  ].join("\r\n");
}

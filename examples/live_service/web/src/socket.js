// The game's WebSocket (api/asyncapi.yaml): opened again when it breaks, and told what was
// missed meanwhile. A new token is said on the open socket, so that it outlives the old one.

import { isLoginOver } from "./problems.js";

/** @import { Session } from "./session.js" */

const VERSION = 1;
const PATIENCE_MS = 8_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 20_000;
const NOT_AUTHENTICATED = 4401;
const FORBIDDEN = 4403;

/**
 * @typedef {object} Listener
 * @property {(isOpen: boolean) => void} onState
 * @property {(type: string, data: any) => void} onEvent
 * @property {() => void} onLoggedOut not even a new token is good
 */

export class GameSocket {
  #session;
  #listener;
  /** The token said last. @type {string | null} */
  #token = null;
  #isRefused = false;
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {Map<string, {resolve: (data: any) => void, reject: (error: Error) => void}>} */
  #asked = new Map();
  #lastId = 0;
  /** @type {string | null} */
  #stream = null;
  /** @type {number | null} */
  #seq = null;
  #pauseMs = FIRST_PAUSE_MS;
  #ended = false;
  #welcomed = false;

  /**
   * @param {Session} session
   * @param {Listener} listener
   */
  constructor(session, listener) {
    this.#session = session;
    this.#listener = listener;
    this.#open();
  }

  close() {
    this.#ended = true;
    this.#socket?.close(1000);
  }

  /**
   * @param {string} type
   * @param {object} data
   * @returns {Promise<any>} the data of the answer
   */
  ask(type, data) {
    if (!this.#welcomed) return Promise.reject(new Error("The game can't be reached."));
    return this.#send(type, data);
  }

  /** Says the session's token, which is another than it was. */
  async renew() {
    if (!this.#welcomed || this.#session.token === this.#token) return;
    this.#token = this.#session.token;
    try {
      await this.#send("authenticate", { token: this.#token });
    } catch {
      // It has broken, or will be closed: then it is opened again with that token.
    }
  }

  #open() {
    const url = new URL("/gacha/socket", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.addEventListener("open", () => this.#logIn());
    socket.addEventListener("message", ({ data }) => this.#take(JSON.parse(data)));
    socket.addEventListener("close", ({ code }) => this.#closed(code));
  }

  async #logIn() {
    try {
      this.#token = await this.#session.current();
      const resume = this.#stream === null ? {} : { stream: this.#stream };
      const data = { token: this.#token ?? "none", ...resume };
      const welcome = await this.#send("authenticate", data, this.#seq);
      this.#welcomed = true;
      this.#isRefused = false;
      this.#pauseMs = FIRST_PAUSE_MS;
      if (this.#stream === null) {
        this.#stream = welcome.stream;
        this.#seq = welcome.lastSeq;
      }
      this.#listener.onState(true);
      // It may have been renewed while this one was on its way.
      this.renew();
    } catch {
      this.#socket?.close();
    }
  }

  /**
   * @param {string} type
   * @param {object} data
   * @param {number | null} [seq]
   * @returns {Promise<any>}
   */
  #send(type, data, seq = null) {
    const id = String(++this.#lastId);
    return new Promise((resolve, reject) => {
      const limit = setTimeout(
        () => fail(new Error("The game took too long to answer.")),
        PATIENCE_MS,
      );
      /** @param {Error} error */
      const fail = (error) => {
        clearTimeout(limit);
        this.#asked.delete(id);
        reject(error);
      };
      /** @param {any} answer */
      const take = (answer) => {
        clearTimeout(limit);
        this.#asked.delete(id);
        resolve(answer);
      };
      this.#asked.set(id, { resolve: take, reject: fail });
      this.#socket?.send(JSON.stringify({ v: VERSION, type, id, seq, data }));
    });
  }

  /** @param {{type: string, id: string | null, seq: number | null, data: any}} message */
  #take({ type, id, seq, data }) {
    if (id !== null) {
      const asked = this.#asked.get(id);
      if (type === "error") asked?.reject(new Error(data.detail));
      else asked?.resolve(data);
      return;
    }
    if (type === "resync") {
      this.#stream = data.stream;
      this.#seq = data.lastSeq;
    } else if (seq !== null) {
      this.#seq = seq;
    }
    this.#listener.onEvent(type, data);
  }

  /** @param {number} code */
  #closed(code) {
    this.#welcomed = false;
    for (const { reject } of this.#asked.values()) {
      reject(new Error("The connection broke off."));
    }
    if (this.#ended) return;
    this.#listener.onState(false);
    if (code === NOT_AUTHENTICATED && this.#isRefused) this.#listener.onLoggedOut();
    else if (code === NOT_AUTHENTICATED) this.#openWithNewToken();
    else if (code !== FORBIDDEN) this.#openLater();
  }

  async #openWithNewToken() {
    this.#isRefused = true;
    try {
      await this.#session.renew(this.#token ?? "none");
      if (!this.#ended) this.#open();
    } catch (error) {
      this.#isRefused = false;
      // Of a login that is over, the session tells.
      if (!isLoginOver(error)) this.#openLater();
    }
  }

  #openLater() {
    // Not all at the same moment, when many were thrown out at once.
    const pauseMs = this.#pauseMs * (0.5 + Math.random() / 2);
    this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
    setTimeout(() => this.#ended || this.#open(), pauseMs);
  }
}

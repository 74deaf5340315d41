// The login of who plays. A token is good for 15 minutes; the refresh token gives the
// next, and is good for one refresh (POST /account/refresh).
//
// Both are in memory and in the tab's own sessionStorage. A cookie that scripts can't
// read would be better kept, but the game's contract hands the refresh token over in JSON
// and takes it back in JSON. In memory alone a reload would log out; localStorage would
// leave 30 days of login on a disk after the last tab is closed. So each tab has a login
// of its own, which is gone with it.
//
// A tab that was duplicated has a copy of its storage, and so the same login. A refresh
// token that is used twice ends the login, as somebody else may have it. So a login has a
// name that its tabs share: only one of them refreshes at a time (a Web Lock), it first
// asks the others whether they have a newer token, and then tells them of its own.

import { isLoginOver, NoAnswer, Problem } from "./problems.js";
import { send } from "./requests.js";

const NAME = "login";
// A token is renewed when so much of its life is over, which leaves three minutes.
const RENEWED_AT = 0.8;
// With what a request may take, less than the 30 seconds in which a refresh whose answer
// was lost can be repeated.
const PAUSE_MS = 5_000;
// How long the other tabs may take to say what they have.
const OTHERS_MS = 200;
const TRIES = 3;

/**
 * @typedef {object} Login
 * @property {string} name what the tabs that share it call it
 * @property {number} turn how often it was refreshed
 * @property {string} token
 * @property {string} refreshToken
 * @property {number} dueAt when to refresh, by the clock of this browser
 *
 * @typedef {{token: string, refreshToken: string}} Tokens
 * @typedef {"refused" | "logged out elsewhere"} Reason
 *
 * @typedef {object} SessionListener
 * @property {() => void} onRenewed there is another token
 * @property {(why: Reason) => void} onEnded nobody is logged in any more
 */

export class Session {
  /** @type {Login | null} */
  #login = read();
  /** @type {Promise<string> | null} */
  #renewal = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #tabs = new BroadcastChannel(NAME);
  #listener;

  /** @param {SessionListener} listener */
  constructor(listener) {
    this.#listener = listener;
    this.#tabs.addEventListener("message", ({ data }) => this.#hear(data));
    this.#renewWhenDue();
  }

  /** The token as it is, or null where nobody is logged in. */
  get token() {
    return this.#login?.token ?? null;
  }

  /** The id of the player who is logged in. */
  get player() {
    return this.#login === null ? null : claims(this.#login.token).sub;
  }

  /**
   * A token that is not about to expire, as far as it can be had; null where nobody is
   * logged in. A Problem of status 401 if the login is over.
   *
   * @returns {Promise<string | null>}
   */
  async current() {
    const login = this.#login;
    if (login === null || Date.now() < login.dueAt) return this.token;
    try {
      return await this.renew(login.token);
    } catch (error) {
      if (isLoginOver(error)) throw error;
      // The game can't be reached, or is busy: this one may be good for minutes yet.
      return this.token;
    }
  }

  /** @param {Tokens} tokens of a new login */
  begin({ token, refreshToken }) {
    this.#keep({ name: crypto.randomUUID(), turn: 0, ...due(token), refreshToken });
  }

  /**
   * Returns a token in place of `stale`, refreshed unless there is one already. Raises
   * a Problem of status 401 where the login is over, and other errors where nobody knows.
   *
   * @param {string} stale
   * @returns {Promise<string>}
   */
  renew(stale) {
    const { token } = this;
    if (token !== null && token !== stale) return Promise.resolve(token);
    if (this.#renewal === null) {
      const renewal = this.#renewAlone().finally(() => {
        if (this.#renewal === renewal) this.#renewal = null;
      });
      this.#renewal = renewal;
    }
    return this.#renewal;
  }

  /**
   * Ends the login, here at once and then at the game. False if that could not be told.
   *
   * @returns {Promise<boolean>}
   */
  async end() {
    const login = this.#login;
    if (login === null) return true;
    this.#forget();
    this.#tell({ type: "ended", name: login.name, why: "logged out elsewhere" });
    const { refreshToken } = login;
    for (let tries = 1; tries <= TRIES; tries++) {
      try {
        const body = { refreshToken };
        await send({
          method: "POST",
          path: "/account/logout",
          body,
          outlivesPage: true,
        });
        return true;
      } catch {
        await pause(tries * 1000);
      }
    }
    return false;
  }

  async #renewAlone() {
    if (this.#login === null) throw loginIsOver();
    const { name, turn } = this.#login;
    return navigator.locks.request(`${NAME}:${name}`, async () => {
      // The tab that had the lock before may have told already.
      if (this.#login?.turn === turn) await this.#askOthers(name);
      if (this.#login?.name !== name) throw loginIsOver();
      if (this.#login.turn !== turn) return this.#login.token;
      return this.#refresh(this.#login);
    });
  }

  /**
   * @param {Login} login
   * @returns {Promise<string>}
   */
  async #refresh({ name, turn, refreshToken }) {
    let tokens;
    try {
      const body = { refreshToken };
      tokens = await send({ method: "POST", path: "/account/refresh", body });
    } catch (error) {
      if (isRefused(error) && this.#login?.name === name) {
        this.#tell({ type: "ended", name, why: "refused" });
        this.#lose("refused");
      }
      throw isRefused(error) ? loginIsOver() : error;
    }
    // Whoever has logged out meanwhile stays logged out.
    if (this.#login?.name !== name) throw loginIsOver();
    const next = tokens.refreshToken;
    this.#keep({ name, turn: turn + 1, ...due(tokens.token), refreshToken: next });
    this.#tell({ type: "login", login: this.#login });
    this.#listener.onRenewed();
    return tokens.token;
  }

  /**
   * Waits for what other tabs have of the login.
   *
   * @param {string} name
   */
  async #askOthers(name) {
    this.#tell({ type: "ask", name });
    await pause(OTHERS_MS);
  }

  /** @param {any} message of another tab */
  #hear({ type, name, why, login }) {
    const mine = this.#login;
    if (mine === null || mine.name !== (login?.name ?? name)) return;
    if (type === "ask") {
      this.#tell({ type: "login", login: mine });
    } else if (type === "ended") {
      this.#lose(why);
    } else if (login.turn > mine.turn) {
      this.#keep(login);
      this.#listener.onRenewed();
    }
  }

  /** @param {object} message for the other tabs */
  #tell(message) {
    this.#tabs.postMessage(message);
  }

  /** @param {Login} login */
  #keep(login) {
    this.#login = login;
    sessionStorage.setItem(NAME, JSON.stringify(login));
    this.#renewWhenDue();
  }

  #forget() {
    this.#login = null;
    this.#renewal = null;
    sessionStorage.removeItem(NAME);
    clearTimeout(this.#timer);
  }

  /** @param {Reason} why */
  #lose(why) {
    this.#forget();
    this.#listener.onEnded(why);
  }

  #renewWhenDue() {
    const login = this.#login;
    if (login !== null) this.#renewIn(login.dueAt - Date.now());
  }

  /** @param {number} ms */
  #renewIn(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#renewNow(), ms);
  }

  async #renewNow() {
    const { token } = this;
    if (token === null) return;
    try {
      await this.renew(token);
    } catch (error) {
      if (this.#login === null || isLoginOver(error)) return;
      const waitMs = error instanceof Problem ? error.waitS * 1000 : 0;
      this.#renewIn(Math.max(waitMs, PAUSE_MS));
    }
  }
}

/** @returns {Login | null} */
function read() {
  const kept = sessionStorage.getItem(NAME);
  return kept === null ? null : JSON.parse(kept);
}

/** @param {number} ms */
function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * When a token that was issued just now is to be renewed. How long it is good for is
 * taken from the token, what time it is from here: the two clocks may differ.
 *
 * @param {string} token
 */
function due(token) {
  const { iat, exp } = claims(token);
  return { token, dueAt: Date.now() + (exp - iat) * 1000 * RENEWED_AT };
}

/**
 * Whether the game has refused a refresh for good.
 *
 * @param {unknown} error
 */
function isRefused(error) {
  return (
    !(error instanceof NoAnswer) &&
    [400, 401].includes(/** @type {any} */ (error).status)
  );
}

function loginIsOver() {
  const detail = "the login is over; log in again";
  return new Problem(401, { type: "/problems/invalid-refresh-token", detail });
}

/**
 * What the token says. Only the services can tell whether it is true.
 *
 * @param {string} jwt
 * @returns {{sub: string, iat: number, exp: number}}
 */
function claims(jwt) {
  const part = jwt.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  return JSON.parse(atob(part));
}

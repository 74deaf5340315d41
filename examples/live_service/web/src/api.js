// Requests to the game, as whoever is logged in. Each is answered, or raises Problem or
// NoAnswer.

import { isLoginOver, NoAnswer, Problem } from "./problems.js";
import { send } from "./requests.js";

/** @import { Session } from "./session.js" */

const TRIES = 3;

// Nobody knows then what became of the request: the same key asks for what did.
const UNDECIDED = new Set([500, 502, 503, 504]);

export class Api {
  #session;

  /** @param {Session} session */
  constructor(session) {
    this.#session = session;
  }

  /**
   * @param {string} path
   * @returns {Promise<any>}
   */
  async get(path) {
    return this.#send("GET", path);
  }

  /**
   * @param {string} path
   * @param {object} body
   * @returns {Promise<any>}
   */
  async post(path, body) {
    return this.#send("POST", path, body);
  }

  /**
   * Sends what must happen once: with the same key again, where no answer came. What is
   * undecided in the end raises what the last try did.
   *
   * @param {string} path
   * @param {object} body
   * @param {string} key
   * @returns {Promise<any>}
   */
  async postOnce(path, body, key) {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#send("POST", path, body, { "Idempotency-Key": key });
      } catch (error) {
        if (!isUndecided(error) || tries === TRIES) throw error;
        const waitS = error instanceof Problem && error.waitS > 0 ? error.waitS : tries;
        await new Promise((resolve) => setTimeout(resolve, waitS * 1000));
      }
    }
  }

  /**
   * Sends it with a token that is good by what is known here. Where the game says that it
   * is not, nothing was done: the login is renewed and the same sent once more.
   *
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   * @param {Record<string, string>} [headers]
   */
  async #send(method, path, body, headers) {
    const token = await this.#session.current();
    try {
      return await send({ method, path, body, headers, token });
    } catch (error) {
      if (token === null || !isLoginOver(error)) throw error;
      const renewed = await this.#session.renew(token);
      return send({ method, path, body, headers, token: renewed });
    }
  }
}

/**
 * Whether what was asked for may have happened all the same.
 *
 * @param {unknown} error
 */
export function isUndecided(error) {
  if (error instanceof NoAnswer) return true;
  if (!(error instanceof Problem)) return false;
  return UNDECIDED.has(error.status) || error.type === "/problems/request-in-progress";
}

// What a player has asked for and no answer came to yet: kept with its Idempotency-Key, over
// a reload and the next login too, until it is known what became of it. So nothing is paid
// twice.

import { isUndecided } from "./api.js";
import { isLoginOver } from "./problems.js";

/**
 * @import { Api } from "./api.js"
 * @typedef {{key: string, path: string, body: any}} Request
 */

export class Pending {
  #api;
  #name;

  /**
   * @param {Api} api
   * @param {string} player
   * @param {"pull" | "purchase"} kind
   */
  constructor(api, player, kind) {
    this.#api = api;
    this.#name = `pending-${kind}:${player}`;
  }

  /**
   * What no answer came to, if there is any of this player's.
   *
   * @returns {Request | null}
   */
  get request() {
    const kept = sessionStorage.getItem(this.#name);
    return kept === null ? null : JSON.parse(kept);
  }

  /**
   * @param {string} path
   * @param {object} body
   */
  async ask(path, body) {
    const request = { key: crypto.randomUUID(), path, body };
    sessionStorage.setItem(this.#name, JSON.stringify(request));
    return this.#send(request);
  }

  /** Asks again for what no answer came to. */
  async askAgain() {
    const request = this.request;
    if (request === null) throw new Error("nothing is pending");
    return this.#send(request);
  }

  /** @param {Request} request */
  async #send({ key, path, body }) {
    try {
      const answer = await this.#api.postOnce(path, body, key);
      sessionStorage.removeItem(this.#name);
      return answer;
    } catch (error) {
      // A login that is over says nothing of the request: it is asked for after the next.
      if (!isUndecided(error) && !isLoginOver(error))
        sessionStorage.removeItem(this.#name);
      throw error;
    }
  }
}

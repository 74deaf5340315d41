// Requests to the game. Each is answered, or raises Problem or NoAnswer.

import { NoAnswer, Problem } from "./problems.js";

const PATIENCE_MS = 15_000;
const TRIES = 3;

// Nobody knows then what became of the request: the same key asks for what did.
const UNDECIDED = new Set([500, 502, 503, 504]);

export class Api {
  /** @param {() => string | null} token the player's, if there is one */
  constructor(token) {
    this.token = token;
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
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   * @param {Record<string, string>} [headers]
   */
  async #send(method, path, body, headers = {}) {
    const token = this.token();
    let answer;
    let told;
    try {
      answer = await fetch(path, {
        method,
        headers: {
          Accept: "application/json",
          ...(token ? { Authorization: `Bearer ${token}` } : {}),
          ...(body ? { "Content-Type": "application/json" } : {}),
          ...headers,
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
        cache: "no-store",
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      told = await answer.json();
    } catch {
      throw new NoAnswer();
    }
    if (answer.ok) return told;
    throw new Problem(
      answer.status,
      told,
      Number(answer.headers.get("Retry-After")) || 0,
    );
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

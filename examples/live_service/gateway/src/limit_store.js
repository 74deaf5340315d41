// Where requests are counted: in Redis for all gateways together, as long as it
// answers, and in this process otherwise. No request waits or fails for Redis.

import { createClient } from "@redis/client";
import { MemoryStore } from "express-rate-limit";
import { RedisStore } from "rate-limit-redis";

/**
 * @import { ClientRateLimitInfo, Options, Store } from "express-rate-limit"
 * @import { Logger } from "pino"
 * @typedef {(...command: string[]) => Promise<any>} SendCommand
 */

// A Redis that is well answers in less than a millisecond.
const ANSWER_LIMIT_MS = 25;
// Having failed, it is left alone for so long.
const PAUSE_MS = 1_000;
const LONGEST_RECONNECT_PAUSE_MS = 2_000;

/** A connection to Redis that never makes anybody wait. */
export class RedisCounts {
  #client;
  #usableFrom = 0;

  /** @param {string} url @param {Logger} logger */
  constructor(url, logger) {
    this.#client = createClient({
      url,
      disableOfflineQueue: true,
      socket: {
        connectTimeout: 1_000,
        reconnectStrategy: (tries) =>
          Math.min(100 * (tries + 1), LONGEST_RECONNECT_PAUSE_MS),
      },
    });
    let said = "";
    // Without a listener it would end the process; each thing is said once in a row.
    this.#client.on("error", (/** @type {Error} */ error) => {
      if (error.message !== said)
        logger.warn({ reason: error.message }, "Redis is away");
      said = error.message;
    });
    this.#client.on("ready", () => {
      said = "";
      logger.info("counting in Redis");
    });
    this.#client.connect().catch(() => {});
  }

  get usable() {
    return this.#client.isReady && performance.now() >= this.#usableFrom;
  }

  /** @type {SendCommand} */
  send = async (...command) => {
    /** @type {NodeJS.Timeout | undefined} */
    let alarm;
    const late = new Promise((_resolve, reject) => {
      alarm = setTimeout(() => reject(new Error("Redis is slow")), ANSWER_LIMIT_MS);
    });
    try {
      return await Promise.race([this.#client.sendCommand(command), late]);
    } catch (error) {
      // A script that it does not know is no fault of the connection.
      if (!/^NOSCRIPT/.test(String(/** @type {Error} */ (error).message))) {
        this.#usableFrom = performance.now() + PAUSE_MS;
      }
      throw error;
    } finally {
      clearTimeout(alarm);
    }
  };

  close() {
    this.#client.destroy();
  }
}

/** @implements {Store} */
export class LimitStore {
  #counts;
  #prefix;
  #here = new MemoryStore();
  /** @type {RedisStore | null} made when there is a Redis to make it with */
  #shared = null;
  /** @type {Options | null} */
  #options = null;

  /** @param {RedisCounts | null} counts @param {string} prefix of the keys */
  constructor(counts, prefix) {
    this.#counts = counts;
    this.#prefix = prefix;
  }

  /** @param {Options} options */
  init(options) {
    this.#options = options;
    this.#here.init(options);
  }

  /** @param {string} key @returns {Promise<ClientRateLimitInfo>} */
  async increment(key) {
    if (this.#counts?.usable) {
      try {
        return await (await this.#sharedStore(this.#counts)).increment(key);
      } catch {
        // Counted here instead.
      }
    }
    return this.#here.increment(key);
  }

  /** @param {string} key */
  async decrement(key) {
    await this.#here.decrement(key);
  }

  /** @param {string} key */
  async resetKey(key) {
    await this.#here.resetKey(key);
  }

  shutdown() {
    this.#here.shutdown();
  }

  /** @param {RedisCounts} counts */
  async #sharedStore(counts) {
    if (this.#shared === null) {
      const store = new RedisStore({ sendCommand: counts.send, prefix: this.#prefix });
      await store.init(/** @type {Options} */ (this.#options));
      this.#shared = store;
    }
    return this.#shared;
  }
}

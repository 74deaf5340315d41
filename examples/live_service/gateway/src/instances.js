// The instances of one service that requests go to, each with its breaker.

import { createBreaker, letsThrough } from "./breaker.js";
import { Rotation } from "./rotation.js";

/**
 * @import { Breaker } from "./breaker.js"
 * @typedef {{address: string, breaker: Breaker}} Instance
 */

export class Instances {
  /** @type {Rotation<Instance>} */
  #rotation = new Rotation([]);
  #onBreaker;

  /**
   * @param {readonly string[]} addresses
   * @param {(address: string, state: "open" | "closed") => void} [onBreaker]
   */
  constructor(addresses, onBreaker = () => {}) {
    this.#onBreaker = onBreaker;
    this.replace(addresses);
  }

  /** @returns {readonly Instance[]} */
  get all() {
    return this.#rotation.items;
  }

  get addresses() {
    return this.all.map(({ address }) => address);
  }

  /**
   * The instance whose turn it is, or null if there is none that was not tried and
   * whose breaker lets a request through.
   *
   * @param {ReadonlySet<Instance>} [tried]
   */
  next(tried = new Set()) {
    return this.#rotation.next(
      (instance) => !tried.has(instance) && letsThrough(instance.breaker),
    );
  }

  /**
   * From now on there are these. Who stays keeps the breaker.
   *
   * @param {readonly string[]} addresses
   */
  replace(addresses) {
    const known = new Map(this.all.map((instance) => [instance.address, instance]));
    const items = addresses.map(
      (address) => known.get(address) ?? this.#create(address),
    );
    this.#rotation.replace(items);
    for (const instance of known.values()) {
      if (!items.includes(instance)) instance.breaker.shutdown();
    }
  }

  /** Ends the clocks of the breakers. */
  close() {
    for (const { breaker } of this.all) breaker.shutdown();
  }

  /** @param {string} address @returns {Instance} */
  #create(address) {
    const breaker = createBreaker();
    breaker.on("open", () => this.#onBreaker(address, "open"));
    breaker.on("close", () => this.#onBreaker(address, "closed"));
    return { address, breaker };
  }
}

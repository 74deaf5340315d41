// How many WebSockets there may be, in all and from one address. A place is taken before
// the handshake, so that those on their way count as well, and given back when the
// connection ends.

/**
 * @typedef {import("./settings.js").SocketSettings} SocketSettings
 * @typedef {"total" | "address"} Bound
 */

export class SocketPlaces {
  #most;
  #perAddress;
  #taken = 0;
  /** @type {Map<string, number>} */
  #byAddress = new Map();

  /** @param {SocketSettings} settings */
  constructor({ most, perAddress }) {
    this.#most = most;
    this.#perAddress = perAddress ?? Number.POSITIVE_INFINITY;
  }

  /**
   * What there is no place under, or null if there is one.
   *
   * @param {string} address
   * @returns {Bound | null}
   */
  fullFor(address) {
    if (this.#of(address) >= this.#perAddress) return "address";
    return this.#taken >= this.#most ? "total" : null;
  }

  /**
   * Takes a place, and returns what gives it back.
   *
   * @param {string} address
   */
  take(address) {
    this.#taken += 1;
    this.#byAddress.set(address, this.#of(address) + 1);
    return () => {
      this.#taken -= 1;
      const left = this.#of(address) - 1;
      if (left > 0) this.#byAddress.set(address, left);
      else this.#byAddress.delete(address);
    };
  }

  /** @param {string} address */
  #of(address) {
    return this.#byAddress.get(address) ?? 0;
  }
}

// Round robin by a simple counter.

export class Rotation {
  #addresses;
  #turn = 0;

  /** @param {readonly string[]} addresses at least one */
  constructor(addresses) {
    if (addresses.length === 0) throw new RangeError("a rotation needs an address");
    this.#addresses = [...addresses];
  }

  /** All of them, in the order given. */
  get addresses() {
    return this.#addresses;
  }

  /** The address whose turn it is. */
  next() {
    const address = this.#addresses[this.#turn];
    this.#turn = (this.#turn + 1) % this.#addresses.length;
    return address;
  }
}

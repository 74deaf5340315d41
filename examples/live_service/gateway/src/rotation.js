// Round robin by a simple counter.

/** @template T */
export class Rotation {
  /** @type {readonly T[]} */
  #items;
  #turn = 0;

  /** @param {readonly T[]} items */
  constructor(items) {
    this.#items = [...items];
  }

  /** All of them, in the order given. */
  get items() {
    return this.#items;
  }

  /**
   * The item whose turn it is among those that are usable, or null if none is.
   *
   * @param {(item: T) => boolean} [isUsable]
   */
  next(isUsable = () => true) {
    const { length } = this.#items;
    for (let step = 0; step < length; step++) {
      const item = this.#items[this.#turn % length];
      this.#turn = (this.#turn + 1) % length;
      if (isUsable(item)) return item;
    }
    return null;
  }

  /** @param {readonly T[]} items */
  replace(items) {
    this.#items = [...items];
  }
}

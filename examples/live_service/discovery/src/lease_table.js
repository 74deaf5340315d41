// The leases, and which instances are there because of them.

import { randomUUID } from "node:crypto";

/**
 * @typedef {{service: string, address: string}} Instance
 * @typedef {{kind: "joined" | "left", revision: number, instance: Instance}
 *   | {kind: "settled", revision: number}} Change
 * @typedef {{instance: Instance, leases: Map<string, number>}} Leased with the time, by
 *   lease, that each is good until
 */

/** There are as many leases as there may be. */
export class TableFull extends Error {}

/** Times are milliseconds of a clock that never goes back. */
export class LeaseTable {
  #leaseMs;
  #mostLeases;
  #now;
  #settlesAt;
  #revision = 0;
  #settled = false;
  #preserving = false;
  /** @type {Map<string, Leased>} by service and address */
  #instances = new Map();
  /** @type {Map<string, Leased>} by lease */
  #byLease = new Map();
  /** @type {Set<(change: Change) => void>} */
  #listeners = new Set();

  /**
   * @param {{leaseMs: number, mostLeases: number, now?: () => number}} options
   */
  constructor({ leaseMs, mostLeases, now = () => performance.now() }) {
    this.#leaseMs = leaseMs;
    this.#mostLeases = mostLeases;
    this.#now = now;
    this.#settlesAt = now() + leaseMs;
  }

  get leaseMs() {
    return this.#leaseMs;
  }

  /** How many changes there were. */
  get revision() {
    return this.#revision;
  }

  /** Whether everyone who was there before has had the time to register again. */
  get settled() {
    return this.#settled;
  }

  /** Whether instances are kept although nobody keeps their leases; see `sweep`. */
  get preserving() {
    return this.#preserving;
  }

  get leaseCount() {
    return this.#byLease.size;
  }

  /**
   * A new lease for an instance; throws `TableFull`.
   *
   * @param {Instance} instance
   */
  register(instance) {
    if (this.#byLease.size >= this.#mostLeases) {
      throw new TableFull(`there are ${this.#mostLeases} leases already`);
    }
    let leased = this.#instances.get(nameOf(instance));
    if (!leased) {
      leased = { instance, leases: new Map() };
      this.#instances.set(nameOf(instance), leased);
      this.#tell({ kind: "joined", revision: ++this.#revision, instance });
    }
    const lease = randomUUID();
    leased.leases.set(lease, this.#now() + this.#leaseMs);
    this.#byLease.set(lease, leased);
    return lease;
  }

  /**
   * Makes a lease good for its whole length again; false if there is none such.
   *
   * @param {string} lease
   */
  heartbeat(lease) {
    const leased = this.#byLease.get(lease);
    leased?.leases.set(lease, this.#now() + this.#leaseMs);
    return leased !== undefined;
  }

  /**
   * Gives a lease up; false if there is none such.
   *
   * @param {string} lease
   */
  deregister(lease) {
    const leased = this.#byLease.get(lease);
    if (leased) this.#drop(lease, leased);
    return leased !== undefined;
  }

  /**
   * @param {string} [service] all without one
   * @returns {Instance[]}
   */
  instances(service = "") {
    const all = [...this.#instances.values()].map(({ instance }) => instance);
    return service === "" ? all : all.filter((each) => each.service === service);
  }

  /**
   * Expels the instances whose leases are all over, unless those are more than half of
   * all there are: then it is likelier that heartbeats can't arrive than that so many
   * have died at once, and a list with dead ones in it is worth more than an empty one.
   *
   * @returns {Instance[]} the expelled
   */
  sweep() {
    const now = this.#now();
    /** @param {Leased} leased */
    const isOverdue = ({ leases }) => [...leases.values()].every((end) => end <= now);
    const overdue = [...this.#instances.values()].filter(isOverdue);
    this.#preserving = overdue.length * 2 > this.#instances.size;
    const kept = new Set(this.#preserving ? overdue : []);
    for (const [lease, leased] of this.#byLease) {
      const isOver = /** @type {number} */ (leased.leases.get(lease)) <= now;
      if (isOver && !kept.has(leased)) this.#drop(lease, leased);
    }
    if (!this.#settled && now >= this.#settlesAt) {
      this.#settled = true;
      this.#tell({ kind: "settled", revision: ++this.#revision });
    }
    return this.#preserving ? [] : overdue.map(({ instance }) => instance);
  }

  /**
   * Tells `listener` of every change from now on, until the function that is given back
   * is called.
   *
   * @param {(change: Change) => void} listener
   */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** @param {string} lease @param {Leased} leased */
  #drop(lease, leased) {
    this.#byLease.delete(lease);
    leased.leases.delete(lease);
    if (leased.leases.size > 0) return;
    const { instance } = leased;
    this.#instances.delete(nameOf(instance));
    this.#tell({ kind: "left", revision: ++this.#revision, instance });
  }

  /** @param {Change} change */
  #tell(change) {
    for (const listener of [...this.#listeners]) listener(change);
  }
}

/** @param {Instance} instance */
function nameOf({ service, address }) {
  return `${service} ${address}`;
}

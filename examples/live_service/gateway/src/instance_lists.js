// What discovery tells, kept in the lists that requests go by.

/**
 * @import { Instances } from "./instances.js"
 * @typedef {{service: string, address: string}} Told
 * @typedef {{
 *   revision: number,
 *   change: "snapshot" | "joined" | "left",
 *   snapshot?: {instances: Told[], settled: boolean},
 *   joined?: Told,
 *   left?: Told,
 * }} WatchUpdate see ../../proto/discovery.proto
 */

export class InstanceLists {
  #instances;
  /** @type {Map<string, Set<string>>} the live addresses by service */
  #live;

  /** @param {Record<string, Instances>} instances by service, with the first addresses */
  constructor(instances) {
    this.#instances = instances;
    this.#live = new Map(
      Object.entries(instances).map(([service, { addresses }]) => [
        service,
        new Set(addresses),
      ]),
    );
  }

  /** @param {WatchUpdate} update */
  apply({ snapshot, joined, left }) {
    // A discovery that has just started does not know everyone yet.
    if (snapshot?.settled) for (const live of this.#live.values()) live.clear();
    for (const { service, address } of snapshot?.instances ?? []) {
      this.#live.get(service)?.add(address);
    }
    if (joined) this.#live.get(joined.service)?.add(joined.address);
    if (left) this.#live.get(left.service)?.delete(left.address);
    for (const [service, live] of this.#live) this.#use(service, [...live]);
  }

  /**
   * Of no address at all nothing is to be had: then the last ones stay, in case that
   * discovery is wrong.
   *
   * @param {string} service
   * @param {string[]} live
   */
  #use(service, live) {
    const instances = this.#instances[service];
    if (live.length > 0 && `${live}` !== `${instances.addresses}`) {
      instances.replace(live);
    }
  }
}

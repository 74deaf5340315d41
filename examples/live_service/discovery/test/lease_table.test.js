import assert from "node:assert/strict";
import { test } from "node:test";
import { LeaseTable, TableFull } from "../src/lease_table.js";

/** @import { Change } from "../src/lease_table.js" */

const LEASE_MS = 10_000;

/** A table on a clock that a test sets, and what it told. */
function tableWithClock(mostLeases = 100) {
  const clock = { ms: 0 };
  const table = new LeaseTable({ leaseMs: LEASE_MS, mostLeases, now: () => clock.ms });
  /** @type {Change[]} */
  const told = [];
  const unsubscribe = table.subscribe((change) => told.push(change));
  return { clock, table, told, unsubscribe };
}

/** @param {string} service @param {number} port */
const instance = (service, port) => ({ service, address: `http://127.0.0.1:${port}` });

/** @param {LeaseTable} table @param {string} [service] */
const addresses = (table, service) =>
  table
    .instances(service)
    .map(({ address }) => address.slice("http://127.0.0.1:".length));

test("an instance is there until the moment its lease is over", () => {
  const { clock, table } = tableWithClock();
  const kept = [1, 2].map((port) => table.register(instance("gacha", port)));
  table.register(instance("gacha", 3));
  clock.ms = LEASE_MS - 1;
  for (const lease of kept) table.heartbeat(lease);
  assert.deepEqual(table.sweep(), []);
  assert.deepEqual(addresses(table), ["1", "2", "3"]);
  clock.ms = LEASE_MS;
  assert.deepEqual(table.sweep(), [instance("gacha", 3)]);
  assert.deepEqual(addresses(table), ["1", "2"]);
  assert.equal(table.leaseCount, 2);
});

test("a heartbeat renews for a whole lease, even one that is late but not yet missed", () => {
  const { clock, table } = tableWithClock();
  const [late, ...others] = [1, 2, 3].map((port) =>
    table.register(instance("gacha", port)),
  );
  for (const lease of others) table.heartbeat(lease);
  clock.ms = LEASE_MS + 5;
  for (const lease of others) table.heartbeat(lease);
  assert.equal(table.heartbeat(late), true);
  clock.ms += LEASE_MS - 1;
  assert.deepEqual(table.sweep(), []);
  assert.equal(table.heartbeat("no such lease"), false);
});

test("an expelled lease is unknown, and its instance may come back", () => {
  const { clock, table } = tableWithClock();
  const [gone, ...others] = [1, 2, 3].map((port) =>
    table.register(instance("gacha", port)),
  );
  clock.ms = LEASE_MS / 2;
  for (const lease of others) table.heartbeat(lease);
  clock.ms = LEASE_MS;
  table.sweep();
  assert.equal(table.heartbeat(gone), false);
  assert.notEqual(table.register(instance("gacha", 1)), gone);
  assert.deepEqual(addresses(table), ["2", "3", "1"]);
});

test("an address that two processes serve is there until both are gone", () => {
  const { clock, table, told } = tableWithClock();
  const first = table.register(instance("gacha", 1));
  const second = table.register(instance("gacha", 1));
  assert.notEqual(first, second);
  assert.deepEqual(addresses(table), ["1"]);
  assert.equal(told.length, 1);
  table.deregister(first);
  assert.deepEqual(addresses(table), ["1"]);
  assert.equal(table.deregister(first), false);
  const third = table.register(instance("gacha", 1));
  clock.ms = LEASE_MS - 1;
  table.heartbeat(third);
  clock.ms = LEASE_MS;
  table.sweep();
  assert.equal(table.heartbeat(second), false);
  assert.equal(table.leaseCount, 1);
  table.deregister(third);
  assert.deepEqual(addresses(table), []);
});

test("every change has the next revision", () => {
  const { clock, table, told, unsubscribe } = tableWithClock();
  const lease = table.register(instance("account", 1));
  table.register(instance("gacha", 2));
  table.deregister(lease);
  clock.ms = LEASE_MS - 1;
  table.sweep();
  assert.equal(table.settled, false);
  clock.ms = LEASE_MS;
  table.sweep();
  assert.equal(table.settled, true);
  assert.deepEqual(told, [
    { kind: "joined", revision: 1, instance: instance("account", 1) },
    { kind: "joined", revision: 2, instance: instance("gacha", 2) },
    { kind: "left", revision: 3, instance: instance("account", 1) },
    { kind: "settled", revision: 4 },
  ]);
  unsubscribe();
  table.register(instance("account", 3));
  assert.equal(table.revision, 5);
  assert.equal(told.length, 4);
});

test("services are listed apart or together", () => {
  const { table } = tableWithClock();
  table.register(instance("account", 1));
  table.register(instance("gacha", 2));
  table.register(instance("gacha", 1));
  assert.deepEqual(addresses(table, "gacha"), ["2", "1"]);
  assert.deepEqual(addresses(table), ["1", "2", "1"]);
  assert.deepEqual(addresses(table, "shop"), []);
});

test("there are no more leases than there may be", () => {
  const { table } = tableWithClock(2);
  const lease = table.register(instance("gacha", 1));
  table.register(instance("gacha", 2));
  for (const port of [2, 3]) {
    assert.throws(() => table.register(instance("gacha", port)), TableFull);
  }
  assert.deepEqual(addresses(table), ["1", "2"]);
  table.deregister(lease);
  table.register(instance("gacha", 3));
});

// Of `all` instances, `silent` stop at once.
for (const [all, silent, kept] of [
  [1, 1, true],
  [2, 1, false],
  [2, 2, true],
  [4, 2, false],
  [4, 3, true],
  [5, 2, false],
  [5, 3, true],
  [100, 50, false],
  [100, 51, true],
]) {
  test(`${silent} of ${all} silent at once are ${kept ? "kept" : "expelled"}`, () => {
    const { clock, table } = tableWithClock(200);
    const leases = Array.from({ length: Number(all) }, (_, port) =>
      table.register(instance("gacha", port)),
    );
    clock.ms = LEASE_MS / 2;
    for (const lease of leases.slice(Number(silent))) table.heartbeat(lease);
    clock.ms = LEASE_MS;
    const expelled = table.sweep();
    assert.equal(table.preserving, kept);
    assert.equal(expelled.length, kept ? 0 : silent);
    assert.equal(table.instances().length, Number(all) - expelled.length);
    // Who is kept is not unknown either.
    assert.equal(table.heartbeat(leases[0]), kept);
  });
}

test("self-preservation ends when most heartbeats are back", () => {
  const { clock, table } = tableWithClock();
  const leases = [1, 2, 3].map((port) => table.register(instance("gacha", port)));
  clock.ms = 5 * LEASE_MS;
  assert.deepEqual(table.sweep(), []);
  assert.equal(table.preserving, true);
  table.heartbeat(leases[0]);
  assert.deepEqual(table.sweep(), []);
  table.heartbeat(leases[1]);
  assert.deepEqual(table.sweep(), [instance("gacha", 3)]);
  assert.equal(table.preserving, false);
});

test("dead leases of an address that is alive are no sign of anything", () => {
  const { clock, table } = tableWithClock();
  for (let each = 0; each < 10; each++) table.register(instance("gacha", 1));
  clock.ms = LEASE_MS - 1;
  const alive = table.register(instance("gacha", 1));
  clock.ms = LEASE_MS;
  table.sweep();
  assert.equal(table.preserving, false);
  assert.equal(table.leaseCount, 1);
  assert.equal(table.heartbeat(alive), true);
});

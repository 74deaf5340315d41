import assert from "node:assert/strict";
import { test } from "node:test";
import { ClientLeft, stateOf } from "../src/breaker.js";
import { InstanceLists } from "../src/instance_lists.js";
import { Instances } from "../src/instances.js";
import { Rotation } from "../src/rotation.js";
import { until } from "./fakes.js";

/** @import { Instance } from "../src/instances.js" */
/** @import { WatchUpdate } from "../src/instance_lists.js" */

/** @param {Instance | null} instance @param {number} times */
async function fail(instance, times, error = new Error("no answer")) {
  for (let each = 0; each < times; each++) {
    await assert.rejects(async () =>
      instance?.breaker.fire(() => Promise.reject(error)),
    );
  }
}

/** @param {Instance | null} instance @param {number} times */
async function succeed(instance, times) {
  for (let each = 0; each < times; each++) {
    await instance?.breaker.fire(() => Promise.resolve());
  }
}

test("a rotation gives each its turn, also while it changes", () => {
  const rotation = new Rotation(["a", "b", "c"]);
  const turns = (/** @type {number} */ count) =>
    Array.from({ length: count }, () => rotation.next()).join("");
  assert.equal(turns(7), "abcabca");
  rotation.replace(["b"]);
  assert.equal(turns(2), "bb");
  rotation.replace(["b", "d"]);
  assert.deepEqual([...turns(100)].filter((turn) => turn === "d").length, 50);
  assert.equal(
    rotation.next((item) => item === "d"),
    "d",
  );
  assert.equal(
    rotation.next(() => false),
    null,
  );
  assert.equal(new Rotation([]).next(), null);
});

test("who was tried is passed over, and nobody is left when all were", () => {
  const instances = new Instances(["http://a:1", "http://b:1"]);
  const tried = new Set();
  for (const expected of ["http://a:1", "http://b:1", undefined]) {
    const instance = instances.next(tried);
    assert.equal(instance?.address, expected);
    tried.add(instance);
  }
  instances.close();
});

test("an instance that fails gets no requests, then one, and is back by that", async () => {
  /** @type {string[]} */
  const told = [];
  const instances = new Instances(["http://a:1", "http://b:1"], (address, state) =>
    told.push(`${address} ${state}`),
  );
  const [bad] = instances.all;
  await fail(bad, 4);
  assert.equal(stateOf(bad.breaker), "closed");
  await fail(bad, 1);
  assert.equal(stateOf(bad.breaker), "open");
  for (let each = 0; each < 4; each++) {
    assert.equal(instances.next()?.address, "http://b:1");
  }
  await until(() => stateOf(bad.breaker) === "half-open", "it is tried again");
  // One request is on its way, and none follows before it is answered.
  let answer = () => {};
  const trial = bad.breaker.fire(
    () =>
      new Promise((resolve) => {
        answer = resolve;
      }),
  );
  for (let each = 0; each < 4; each++) {
    assert.equal(instances.next()?.address, "http://b:1");
  }
  answer();
  await trial;
  assert.equal(stateOf(bad.breaker), "closed");
  assert.deepEqual(told, ["http://a:1 open", "http://a:1 closed"]);
  instances.close();
});

test("half of the requests may fail, and clients that leave are not counted", async () => {
  const instances = new Instances(["http://a:1"]);
  const [instance] = instances.all;
  await fail(instance, 20, new ClientLeft());
  await succeed(instance, 10);
  // 30 that count as well against 29 and then 30 failures.
  await fail(instance, 29);
  assert.equal(stateOf(instance.breaker), "closed");
  await fail(instance, 2);
  assert.equal(stateOf(instance.breaker), "open");
  assert.equal(instances.next(), null);
  instances.close();
});

test("who stays keeps its breaker, and who comes back has a new one", async () => {
  const instances = new Instances(["http://a:1", "http://b:1"]);
  const [bad] = instances.all;
  await fail(bad, 5);
  instances.replace(["http://c:1", "http://a:1"]);
  assert.equal(instances.all[1], bad);
  assert.equal(stateOf(instances.all[1].breaker), "open");
  instances.replace(["http://c:1"]);
  instances.replace(["http://a:1"]);
  assert.equal(stateOf(instances.all[0].breaker), "closed");
  instances.close();
});

/** @param {string} service @param {string} host */
const told = (service, host) => ({ service, address: `http://${host}:1` });

/** @param {boolean} settled @param {...string} hosts of gacha */
const snapshot = (settled, ...hosts) =>
  /** @type {WatchUpdate} */ ({
    revision: 1,
    change: "snapshot",
    snapshot: { settled, instances: hosts.map((host) => told("gacha", host)) },
  });

/** @param {"joined" | "left"} change @param {string} host */
const change = (change, host, service = "gacha") =>
  /** @type {WatchUpdate} */ ({ revision: 2, change, [change]: told(service, host) });

/** @type {[string, WatchUpdate[], string][]} */
const TOLD = [
  ["a settled snapshot replaces the list", [snapshot(true, "x", "y")], "x y"],
  ["one that is not settled adds to it", [snapshot(false, "x", "a")], "a b x"],
  ["joining adds, once", [change("joined", "x"), change("joined", "x")], "a b x"],
  ["leaving takes away", [change("left", "a")], "b"],
  ["who is not there can't leave", [change("left", "z")], "a b"],
  ["an empty list is not believed", [snapshot(true)], "a b"],
  ["the last one stays", [change("left", "a"), change("left", "b")], "b"],
  [
    "but not beside one that comes after it",
    [change("left", "a"), change("left", "b"), change("joined", "x")],
    "x",
  ],
  ["a service nobody asked for", [change("joined", "x", "shop")], "a b"],
  [
    "a discovery that starts anew",
    [snapshot(false), change("joined", "b"), snapshot(true, "b")],
    "b",
  ],
];

for (const [what, updates, expected] of TOLD) {
  test(`${what}: ${expected}`, () => {
    const gacha = new Instances(["http://a:1", "http://b:1"]);
    const account = new Instances(["http://account:1"]);
    const lists = new InstanceLists({ account, gacha });
    for (const update of updates) lists.apply(update);
    const hosts = gacha.addresses.map((address) => new URL(address).hostname);
    assert.equal(hosts.join(" "), expected);
    assert.deepEqual(account.addresses, ["http://account:1"]);
    gacha.close();
    account.close();
  });
}

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { credentials, loadPackageDefinition, status } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { ACCOUNT, connect, GACHA, startDiscovery, TOKEN } from "./fakes.js";

test("who registers is listed, and no longer after it has deregistered", async (t) => {
  const { port } = await startDiscovery(t);
  const { call } = connect(t, port);
  const lease = await call("register", { instance: GACHA });
  assert.equal(lease.leaseMs, 10_000);
  assert.equal(lease.heartbeatMs, 3_334);
  assert.match(lease.leaseId, /^[0-9a-f-]{36}$/);
  await call("register", { instance: ACCOUNT });
  assert.deepEqual(await call("list"), { revision: 2, instances: [GACHA, ACCOUNT] });
  assert.deepEqual((await call("list", { service: "account" })).instances, [ACCOUNT]);
  assert.deepEqual(await call("heartbeat", { leaseId: lease.leaseId }), {});
  for (const _ of [1, 2]) await call("deregister", { leaseId: lease.leaseId });
  assert.deepEqual(await call("list"), { revision: 3, instances: [ACCOUNT] });
  await assert.rejects(call("heartbeat", { leaseId: lease.leaseId }), {
    code: status.NOT_FOUND,
    details: "there is no such lease; register again",
  });
});

test("a watcher gets a snapshot, then each change in order", async (t) => {
  const { port } = await startDiscovery(t);
  const { call, watch } = connect(t, port);
  const { leaseId } = await call("register", { instance: GACHA });
  const all = watch();
  const snapshot = { instances: [GACHA], settled: false };
  assert.deepEqual((await all.next()).value, {
    change: "snapshot",
    revision: 1,
    snapshot,
  });
  const accounts = watch({ service: "account" });
  assert.deepEqual((await accounts.next()).value.snapshot.instances, []);
  await call("register", { instance: ACCOUNT });
  await call("deregister", { leaseId });
  assert.deepEqual((await all.next()).value, {
    change: "joined",
    revision: 2,
    joined: ACCOUNT,
  });
  assert.deepEqual((await all.next()).value, {
    change: "left",
    revision: 3,
    left: GACHA,
  });
  assert.deepEqual((await accounts.next()).value.joined, ACCOUNT);
  const again = watch();
  assert.deepEqual((await again.next()).value.snapshot.instances, [ACCOUNT]);
});

test("after the length of a lease the snapshot is settled, and leases end", async (t) => {
  const { port, operation } = await startDiscovery(t, { leaseMs: 150 });
  const { call, watch } = connect(t, port);
  const stream = watch();
  assert.equal((await stream.next()).value.snapshot.settled, false);
  const settled = (await stream.next()).value;
  assert.equal(settled.snapshot.settled, true);
  const kept = await call("register", { instance: GACHA });
  await call("register", { instance: ACCOUNT });
  const beat = () => call("heartbeat", { leaseId: kept.leaseId }).catch(() => {});
  const heart = setInterval(beat, 30);
  t.after(() => clearInterval(heart));
  for (const change of ["joined", "joined", "left"]) {
    assert.equal((await stream.next()).value.change, change);
  }
  assert.deepEqual((await call("list")).instances, [GACHA]);
  const metrics = await (await fetch(`${operation}/metrics`)).text();
  assert.match(metrics, /^discovery_expelled_total\{service="account"\} 1$/m);
  assert.match(metrics, /^discovery_instances\{service="gacha"\} 1$/m);
  assert.match(metrics, /^discovery_self_preservation 0$/m);
  assert.match(metrics, /^discovery_watchers 1$/m);
  assert.match(metrics, /^discovery_calls_total\{method="Register",status="OK"\} 2$/m);
});

/** @type {[string, object, RegExp][]} */
const WRONG = [
  ["register", {}, /^instance\.service must be 1 to 63 .* not ""$/],
  [
    "register",
    { instance: { ...GACHA, service: "Gacha" } },
    /like gacha, not "Gacha"$/,
  ],
  ["register", { instance: { ...GACHA, service: "a".repeat(64) } }, /not "a{60}…"$/],
  [
    "register",
    { instance: { service: "gacha" } },
    /^instance\.address must be .*not ""$/,
  ],
  ...[
    "127.0.0.1:9001",
    "https://a:1",
    "http://a:1/x",
    "http://a:1?x",
    "http://u:p@a:1",
    "http://a:99999",
    "http://",
    `http://${"a".repeat(300)}:1`,
    "http://a b:1",
  ].map(
    (address) =>
      /** @type {[string, object, RegExp]} */ ([
        "register",
        { instance: { ...GACHA, address } },
        /^instance\.address must be scheme, host and port and nothing else, like http:/,
      ]),
  ),
  ["heartbeat", {}, /^lease_id must be what Register answered/],
  ["deregister", {}, /^lease_id must be/],
  ["list", { service: "a/b" }, /^service must be empty, for all, or a name/],
];

test("what is wrong is an INVALID_ARGUMENT that says what is right", async (t) => {
  const { port } = await startDiscovery(t);
  const { call, watch } = connect(t, port);
  for (const [method, request, details] of WRONG) {
    const tried = call(/** @type {"list"} */ (method), request);
    await assert.rejects(tried, { code: status.INVALID_ARGUMENT, details });
  }
  await assert.rejects(watch({ service: "?" }).next(), {
    code: status.INVALID_ARGUMENT,
  });
  assert.deepEqual(await call("list"), { revision: 0, instances: [] });
});

test("an address is there in one spelling", async (t) => {
  const { port } = await startDiscovery(t);
  const { call } = connect(t, port);
  for (const address of ["http://Gacha:80", "http://gacha", "HTTP://gacha/"]) {
    await call("register", { instance: { service: "gacha", address } });
  }
  assert.deepEqual((await call("list")).instances, [
    { service: "gacha", address: "http://gacha" },
  ]);
});

test("without the token nobody registers, lists or watches", async (t) => {
  const { port } = await startDiscovery(t);
  for (const token of [null, "", "wrong", `${TOKEN} `.repeat(2)]) {
    const { call, watch } = connect(t, port, token);
    const refused = { code: status.UNAUTHENTICATED, details: /x-service-token/ };
    for (const method of /** @type {const} */ ([
      "register",
      "heartbeat",
      "deregister",
      "list",
    ])) {
      await assert.rejects(call(method, { instance: GACHA, leaseId: "x" }), refused);
    }
    await assert.rejects(watch().next(), refused);
  }
  assert.deepEqual((await connect(t, port).call("list")).instances, []);
});

test("too many leases are a RESOURCE_EXHAUSTED", async (t) => {
  const { port } = await startDiscovery(t, { mostLeases: 1 });
  const { call } = connect(t, port);
  await call("register", { instance: GACHA });
  await assert.rejects(call("register", { instance: ACCOUNT }), {
    code: status.RESOURCE_EXHAUSTED,
    details: "there are 1 leases already",
  });
});

test("a watcher that does not read is sent away, and holds nobody up", async (t) => {
  const { port, table, operation } = await startDiscovery(t);
  const { watch } = connect(t, port);
  const reading = watch();
  await reading.next();
  // Nobody asks this one for more than its first update.
  await watch().next();
  const watchers = async () => {
    const metrics = await (await fetch(`${operation}/metrics`)).text();
    return /^discovery_watchers (\d+)$/m.exec(metrics)?.[1];
  };
  assert.equal(await watchers(), "2");
  for (let change = 0; change < 20_000 && (await watchers()) === "2"; change += 200) {
    for (let each = 0; each < 100; each++) table.deregister(table.register(GACHA));
    for (let each = 0; each < 200; each++) await reading.next();
  }
  assert.equal(await watchers(), "1");
  table.register(ACCOUNT);
  assert.deepEqual((await reading.next()).value.joined, ACCOUNT);
});

test("there are no more watchers than there may be", async (t) => {
  const { port } = await startDiscovery(t);
  const { watch } = connect(t, port);
  for (let each = 0; each < 200; each++) await watch().next();
  await assert.rejects(watch().next(), {
    code: status.RESOURCE_EXHAUSTED,
    details: "200 watch already",
  });
});

test("health is told to everyone", async (t) => {
  const { port } = await startDiscovery(t);
  const { service } = createRequire(import.meta.url)("grpc-health-check");
  assert.ok(service.Check);
  const proto = createRequire(import.meta.url).resolve(
    "grpc-health-check/proto/health/v1/health.proto",
  );
  const root = /** @type {any} */ (
    loadPackageDefinition(loadSync(proto, { enums: String }))
  );
  const client = new root.grpc.health.v1.Health(
    `127.0.0.1:${port}`,
    credentials.createInsecure(),
  );
  t.after(() => client.close());
  for (const name of ["", "fairpull.discovery.v1.Discovery"]) {
    const answer = await new Promise((resolve, reject) =>
      client.check(
        { service: name },
        (/** @type {any} */ error, /** @type {any} */ reply) =>
          error ? reject(error) : resolve(reply),
      ),
    );
    assert.deepEqual(answer, { status: "SERVING" });
  }
});

test("draining ends the watches with UNAVAILABLE and is over", async (t) => {
  const { port, drain, operation } = await startDiscovery(t);
  const { watch } = connect(t, port);
  const stream = watch();
  await stream.next();
  assert.equal((await fetch(`${operation}/readyz`)).status, 200);
  const start = performance.now();
  const drained = drain(60_000);
  await assert.rejects(stream.next(), {
    code: status.UNAVAILABLE,
    details: "discovery is stopping",
  });
  assert.equal(await drained, true);
  assert.ok(performance.now() - start < 10_000);
});

test("the addresses for operation take GET only and there are three", async (t) => {
  const { operation } = await startDiscovery(t);
  assert.deepEqual(await (await fetch(`${operation}/livez`)).json(), { status: "ok" });
  assert.deepEqual(await (await fetch(`${operation}/readyz`)).json(), {
    status: "ready",
  });
  assert.equal((await fetch(`${operation}/`)).status, 404);
  assert.equal((await fetch(`${operation}/livez`, { method: "POST" })).status, 405);
});

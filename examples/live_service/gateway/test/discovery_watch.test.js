// The gateway's watching, against a discovery that says what a test wants.

import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { loadPackageDefinition, Server, ServerCredentials } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { call, DEAF_PORT, fakeService, startGateway, until } from "./fakes.js";

/** @import { ServerWritableStream } from "@grpc/grpc-js" */
/** @import { TestContext } from "node:test" */

const FILE = fileURLToPath(new URL("../../proto/discovery.proto", import.meta.url));
const root = /** @type {any} */ (loadPackageDefinition(loadSync(FILE)));
const { service: Discovery } = root.fairpull.discovery.v1.Discovery;
const TOKEN = "token";

/** @param {TestContext} t @param {number} port 0 is any */
async function fakeDiscovery(t, port = 0) {
  /** @type {ServerWritableStream<any, any>[]} */
  const watchers = [];
  const server = new Server();
  server.addService(Discovery, {
    Watch: (/** @type {ServerWritableStream<any, any>} */ stream) => {
      watchers.push(stream);
    },
  });
  const bound = await new Promise((resolve, reject) =>
    server.bindAsync(
      `127.0.0.1:${port}`,
      ServerCredentials.createInsecure(),
      (error, got) => (error ? reject(error) : resolve(got)),
    ),
  );
  t.after(() => server.forceShutdown());
  return {
    port: /** @type {number} */ (bound),
    watchers,
    stop: () => server.forceShutdown(),
    /** The stream of the watcher that came last, once there are so many. */
    watcher: async (count = 1) => {
      await until(() => watchers.length >= count, `${count} have watched`);
      return watchers[count - 1];
    },
  };
}

/** @param {string} service @param {...{url: string}} services */
const instances = (service, ...services) =>
  services.map(({ url }) => ({ service, address: url }));

/** @param {number} port @param {string} path */
const answersFrom = async (port, path) => (await call(port, path)).body;

/** @param {TestContext} t @param {string} name */
const named = (t, name) => fakeService(t, (_seen, res) => res.end(name));

test("the instances are those that discovery tells of, from one moment to the next", async (t) => {
  const discovery = await fakeDiscovery(t);
  const [a, b] = [await named(t, "a"), await named(t, "b")];
  const { port } = await startGateway(t, {
    account: [],
    gacha: [],
    discovery: { target: `127.0.0.1:${discovery.port}`, token: TOKEN },
  });
  const watcher = await discovery.watcher();
  assert.deepEqual(watcher.metadata.get("x-service-token"), [TOKEN]);
  const early = await call(port, "/gacha/items");
  assert.equal(early.status, 503);
  assert.equal(early.headers["retry-after"], "1");
  watcher.write({
    revision: 1,
    snapshot: { settled: true, instances: instances("gacha", a) },
  });
  const works = async () => (await call(port, "/gacha/items")).status === 200;
  while (!(await works())) await new Promise(setImmediate);
  watcher.write({ revision: 2, joined: instances("gacha", b)[0] });
  while ((await answersFrom(port, "/gacha/items")) !== "b")
    await new Promise(setImmediate);
  const seen = [];
  for (let each = 0; each < 4; each++)
    seen.push(await answersFrom(port, "/gacha/items"));
  assert.deepEqual(seen, ["a", "b", "a", "b"]);
  watcher.write({ revision: 3, left: instances("gacha", a)[0] });
  const both = async () => [
    await answersFrom(port, "/gacha/items"),
    await answersFrom(port, "/gacha/items"),
  ];
  while ((await both()).includes("a")) await new Promise(setImmediate);
});

test("while discovery is away the last list stays, and it is watched again", async (t) => {
  const discovery = await fakeDiscovery(t);
  const [a, b] = [await named(t, "a"), await named(t, "b")];
  const { port } = await startGateway(t, {
    account: [],
    gacha: [],
    discovery: { target: `127.0.0.1:${discovery.port}`, token: TOKEN },
  });
  const watcher = await discovery.watcher();
  watcher.write({
    revision: 7,
    snapshot: { settled: true, instances: instances("gacha", a) },
  });
  while ((await answersFrom(port, "/gacha/items")) !== "a")
    await new Promise(setImmediate);
  discovery.stop();
  for (let each = 0; each < 20; each++) {
    assert.equal(await answersFrom(port, "/gacha/items"), "a");
  }
  const anew = await fakeDiscovery(t, discovery.port);
  const again = await anew.watcher();
  again.write({ revision: 0, snapshot: { settled: false, instances: [] } });
  again.write({ revision: 1, joined: instances("gacha", b)[0] });
  while ((await answersFrom(port, "/gacha/items")) !== "b")
    await new Promise(setImmediate);
  assert.equal(await answersFrom(port, "/gacha/items"), "a");
  again.write({
    revision: 2,
    snapshot: { settled: true, instances: instances("gacha", b) },
  });
  const both = async () => [
    await answersFrom(port, "/gacha/items"),
    await answersFrom(port, "/gacha/items"),
  ];
  while ((await both()).includes("a")) await new Promise(setImmediate);
});

test("a stream that is ended is opened anew, with pauses that grow", async (t) => {
  const discovery = await fakeDiscovery(t);
  const gacha = await named(t, "a");
  await startGateway(t, {
    gacha: [gacha.url],
    discovery: { target: `127.0.0.1:${discovery.port}`, token: TOKEN },
  });
  /** @type {number[]} */
  const ends = [];
  for (let count = 1; count <= 4; count++) {
    (await discovery.watcher(count)).end();
    ends.push(performance.now());
  }
  const pauses = ends.slice(1).map((end, index) => end - ends[index]);
  for (const [index, least] of [100, 200, 400].entries()) {
    assert.ok(pauses[index] >= least - 5, `${pauses}`);
    assert.ok(pauses[index] < 10 * least, `${pauses}`);
  }
});

test("without discovery the gateway starts on the addresses it is given", async (t) => {
  const gacha = await named(t, "a");
  const { port, drain } = await startGateway(t, {
    gacha: [gacha.url],
    discovery: { target: `127.0.0.1:${DEAF_PORT}`, token: TOKEN },
  });
  assert.equal(await answersFrom(port, "/gacha/items"), "a");
  assert.equal(await drain(5_000), true);
});

test("a stopped gateway watches no more", async (t) => {
  const discovery = await fakeDiscovery(t);
  const { drain } = await startGateway(t, {
    discovery: { target: `127.0.0.1:${discovery.port}`, token: TOKEN },
  });
  const watcher = await discovery.watcher();
  const cancelled = once(watcher, "cancelled");
  await drain(5_000);
  await cancelled;
  assert.equal(discovery.watchers.length, 1);
});

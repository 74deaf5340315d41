import assert from "node:assert/strict";
import { test } from "node:test";
import { mayRepeat, patienceMs } from "../src/retry.js";
import { AWAY, call, fakeService, startGateway, until } from "./fakes.js";

/** @import { TestContext } from "node:test" */

test("reading may be repeated, and what has a key", () => {
  assert.equal(mayRepeat("GET", undefined), true);
  assert.equal(mayRepeat("HEAD", undefined), true);
  assert.equal(mayRepeat("POST", "k"), true);
  for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
    assert.equal(mayRepeat(method, undefined), false, method);
  }
});

test("reading waits half its time if it can go elsewhere, all else to the end", () => {
  const leftMs = 8_000;
  assert.equal(patienceMs({ method: "GET", leftMs, canGoElsewhere: true }), 4_000);
  assert.equal(patienceMs({ method: "GET", leftMs, canGoElsewhere: false }), null);
  assert.equal(patienceMs({ method: "POST", leftMs, canGoElsewhere: true }), null);
});

/** @param {TestContext} t */
const breaking = (t) => fakeService(t, (_seen, res) => res.socket?.resetAndDestroy());

test("a request that breaks off at one instance is answered by another", async (t) => {
  const instances = [await breaking(t), await fakeService(t), await fakeService(t)];
  const gacha = instances.map(({ url }) => url);
  const { port } = await startGateway(t, { gacha });
  const body = '{"currencySpent": 160}';
  for (const [path, options] of /** @type {[string, object][]} */ ([
    ["/gacha/items?banner=starter", {}],
    ["/gacha/pull", { method: "POST", body }],
  ])) {
    // The turn of the one that breaks off comes once in three.
    for (const _ of instances)
      assert.equal((await call(port, path, options)).status, 200);
  }
  const [broken] = instances;
  const pulled = broken.requests.filter(({ url }) => url === "/gacha/pull");
  assert.equal(pulled.length, 1);
  const again = instances
    .slice(1)
    .flatMap(({ requests }) => requests)
    .filter(
      ({ headers }) =>
        headers["idempotency-key"] === pulled[0].headers["idempotency-key"],
    );
  assert.equal(again.length, 1);
  assert.equal(again[0].body, body);
  assert.equal(again[0].headers["x-forwarded-for"], "127.0.0.1");
  assert.equal(again[0].headers["x-request-id"], pulled[0].headers["x-request-id"]);
});

test("a purchase without a key of the client's has one, and goes elsewhere with it", async (t) => {
  const account = [(await breaking(t)).url, (await fakeService(t)).url];
  const { port } = await startGateway(t, { account });
  const answer = await call(port, "/account/buy-currency", {
    method: "POST",
    body: "{}",
  });
  assert.equal(answer.status, 200);
});

test("what may have happened and has no key is not sent again", async (t) => {
  const instances = [await breaking(t), await fakeService(t)];
  const { port } = await startGateway(t, { account: instances.map(({ url }) => url) });
  const register = { method: "POST", body: "{}", headers: { "Idempotency-Key": "k" } };
  assert.equal((await call(port, "/account/register", register)).status, 502);
  assert.equal((await call(port, "/account/register", register)).status, 200);
  assert.deepEqual(
    instances.map(({ requests }) => requests.length),
    [1, 1],
  );
});

test("an answer of a service is an answer, even a 503", async (t) => {
  const refusing = await fakeService(t, (_seen, res) => res.writeHead(503).end());
  const other = await fakeService(t);
  const { port } = await startGateway(t, { gacha: [refusing.url, other.url] });
  assert.equal((await call(port, "/gacha/items")).status, 503);
  assert.equal(other.requests.length, 0);
});

test("no instance gets a request twice, and no more than three get it", async (t) => {
  const instances = await Promise.all([1, 2, 3, 4].map(() => breaking(t)));
  const { port } = await startGateway(t, { gacha: instances.map(({ url }) => url) });
  assert.equal((await call(port, "/gacha/items")).status, 502);
  assert.deepEqual(
    instances.map(({ requests }) => requests.length),
    [1, 1, 1, 0],
  );
});

test("one that says nothing is left for another in half the time, by readers only", async (t) => {
  const silent = await fakeService(t, () => {});
  const other = await fakeService(t);
  const { port } = await startGateway(t, {
    gacha: [silent.url, other.url],
    requestBudgetMs: 400,
    pullBudgetMs: 400,
  });
  const start = performance.now();
  assert.equal((await call(port, "/gacha/items")).status, 200);
  const waited = performance.now() - start;
  assert.ok(waited >= 190 && waited < 400, `${waited} ms`);
  assert.equal(other.requests.length, 1);
  const pull = await call(port, "/gacha/pull", { method: "POST", body: "{}" });
  assert.equal(pull.status, 504);
  assert.equal(other.requests.length, 1);
});

test("trying elsewhere does not outlast the budget", async (t) => {
  const silent = await Promise.all([1, 2, 3].map(() => fakeService(t, () => {})));
  const { port } = await startGateway(t, {
    gacha: silent.map(({ url }) => url),
    requestBudgetMs: 200,
  });
  const start = performance.now();
  const answer = await call(port, "/gacha/items");
  assert.equal(answer.status, 504);
  assert.match(answer.json.detail, /did not answer within 0\.2 s/);
  assert.ok(performance.now() - start < 2_000);
  assert.deepEqual(
    silent.map(({ requests }) => requests.length),
    [1, 1, 1],
  );
});

test("a client that leaves ends the trying", async (t) => {
  const silent = await fakeService(t, () => {});
  const other = await fakeService(t);
  const { port } = await startGateway(t, {
    gacha: [silent.url, other.url],
    requestBudgetMs: 300,
  });
  const left = call(port, "/gacha/items", { signal: AbortSignal.timeout(50) });
  await assert.rejects(left, { name: "AbortError" });
  await call(port, "/gacha/items", { method: "POST" });
  await until(() => silent.requests.length + other.requests.length >= 2, "both came");
  assert.equal(silent.requests.length, 1);
  assert.equal(other.requests.length, 1);
});

test("an instance whose breaker is open is not asked", async (t) => {
  const bad = await breaking(t);
  const good = await fakeService(t);
  const { port } = await startGateway(t, {
    account: [AWAY],
    gacha: [bad.url, good.url],
  });
  for (let each = 0; each < 40; each++) {
    assert.equal((await call(port, "/gacha/items")).status, 200);
  }
  assert.equal(bad.requests.length, 5);
  for (let each = 0; each < 6; each++) {
    const answer = await call(port, "/account/currency");
    assert.equal(answer.status, 503);
    assert.equal(answer.headers["retry-after"], "1");
  }
});

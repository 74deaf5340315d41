import assert from "node:assert/strict";
import { test } from "node:test";
import { AWAY, call, fakeService, rawCall, startGateway } from "./fakes.js";

const POST = { method: "POST", body: "{}" };
const MADE = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const PATHS = ["/account/buy-currency", "/gacha/pull"];

for (const path of PATHS) {
  test(`POST ${path} without a key gets one that service and client know`, async (t) => {
    const service = await fakeService(t);
    const options = { account: [service.url], gacha: [service.url] };
    const { port } = await startGateway(t, options);
    const first = await call(port, path, POST);
    const second = await call(port, path, POST);
    const keys = [first, second].map(({ headers }) => headers["idempotency-key"]);
    assert.match(String(keys[0]), MADE);
    assert.notEqual(keys[0], keys[1]);
    assert.deepEqual(
      service.requests.map(({ headers }) => headers["idempotency-key"]),
      keys,
    );
  });
}

test("a request that may have happened is answered with its key", async (t) => {
  const broken = await fakeService(t, (_seen, res) => res.socket?.destroy());
  const slow = await fakeService(t, () => {});
  for (const [service, status] of [
    [broken.url, 502],
    [slow.url, 504],
    [AWAY, 503],
  ]) {
    const { port } = await startGateway(t, {
      account: [String(service)],
      gacha: [String(service)],
      requestBudgetMs: 50,
      pullBudgetMs: 50,
    });
    for (const path of PATHS) {
      const answer = await call(port, path, POST);
      assert.equal(answer.status, status);
      assert.match(String(answer.headers["idempotency-key"]), MADE);
    }
    const headers = { "Idempotency-Key": "mine" };
    const named = await call(port, "/gacha/pull", { ...POST, headers });
    assert.equal(named.headers["idempotency-key"], "mine");
  }
  const sent = [...broken.requests, ...slow.requests].map(
    ({ headers }) => headers["idempotency-key"],
  );
  assert.equal(sent.length, 6);
  assert.equal(new Set(sent).size, 5);
});

test("a key that is given reaches the service, named in Connection or not", async (t) => {
  const gacha = await fakeService(t);
  const { port } = await startGateway(t, { gacha: [gacha.url] });
  await rawCall(
    port,
    "POST /gacha/pull HTTP/1.1\r\nHost: game\r\nContent-Length: 2\r\n" +
      "Connection: close, Idempotency-Key\r\nIdempotency-Key: mine\r\n\r\n{}",
  );
  assert.equal(gacha.requests[0].headers["idempotency-key"], "mine");
});

test("an ill-formed key is the service's to refuse, and is not repeated", async (t) => {
  const gacha = await fakeService(t);
  const { port } = await startGateway(t, { gacha: [gacha.url] });
  for (const key of ["", "a b", "x".repeat(101)]) {
    const headers = { "Idempotency-Key": key };
    const answer = await call(port, "/gacha/pull", { ...POST, headers });
    assert.equal(answer.headers["idempotency-key"], undefined);
    assert.equal(gacha.requests.at(-1)?.headers["idempotency-key"], key);
  }
});

test("what needs no key gets none", async (t) => {
  const gacha = await fakeService(t);
  const { port } = await startGateway(t, { gacha: [gacha.url] });
  for (const [path, method] of [
    ["/gacha/pull", "GET"],
    ["/gacha/history", "GET"],
    ["/gacha/pull/more", "POST"],
  ]) {
    const answer = await call(port, path, { method });
    assert.equal(answer.headers["idempotency-key"], undefined);
    assert.equal(gacha.requests.at(-1)?.headers["idempotency-key"], undefined);
  }
});

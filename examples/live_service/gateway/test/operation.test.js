import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { Writable } from "node:stream";
import { test } from "node:test";
import pino from "pino";
import { AWAY, call, fakeService, startGateway, until } from "./fakes.js";

/** @import { IncomingMessage, ServerResponse } from "node:http" */

test("alive and indexed whatever the services do", async (t) => {
  const { port } = await startGateway(t, { account: [AWAY], gacha: [AWAY] });
  const alive = await call(port, "/livez");
  assert.equal(alive.status, 200);
  assert.deepEqual(alive.json, { status: "ok" });
  assert.equal(alive.headers["x-content-type-options"], "nosniff");
  assert.equal(alive.headers["x-powered-by"], undefined);
  const index = await call(port, "/");
  assert.equal(index.json.name, "fairpull live service");
  assert.equal((await call(port, "/", { method: "HEAD" })).status, 200);
});

test("own addresses take GET only", async (t) => {
  const { port } = await startGateway(t);
  for (const path of ["/", "/livez", "/readyz"]) {
    const answer = await call(port, path, { method: "POST", body: "{}" });
    assert.equal(answer.status, 405);
    assert.equal(answer.headers.allow, "GET, HEAD");
    assert.equal(answer.json.type, "/problems/method-not-allowed");
  }
});

test("ready when both services say so, on one instance at least", async (t) => {
  const ready = await fakeService(t);
  const unready = await fakeService(t, (_seen, res) => res.writeHead(503).end());
  /** @type {[string[], string[], string, string][]} */
  const cases = [
    [[ready.url], [ready.url], "ready", "ready"],
    [[AWAY, unready.url, ready.url], [ready.url], "ready", "ready"],
    [[ready.url], [AWAY], "ready", "unavailable"],
    [[AWAY, unready.url], [ready.url], "unavailable", "ready"],
    [[unready.url], [unready.url], "unavailable", "unavailable"],
  ];
  for (const [account, gacha, accountState, gachaState] of cases) {
    const { port } = await startGateway(t, { account, gacha });
    const answer = await call(port, "/readyz");
    const bothReady = accountState === "ready" && gachaState === "ready";
    assert.equal(answer.status, bothReady ? 200 : 503);
    assert.deepEqual(answer.json.services, {
      account: accountState,
      gacha: gachaState,
    });
    if (bothReady) assert.equal(answer.json.status, "ready");
    else assert.equal(answer.headers["retry-after"], "1");
  }
  assert.ok(ready.requests.every(({ url }) => url === "/readyz"));
});

test("logs say what happened, without tokens, queries or bodies", async (t) => {
  let log = "";
  const sink = new Writable({
    write(chunk, _encoding, done) {
      log += chunk;
      done();
    },
  });
  const logger = pino({ level: "trace" }, sink);
  const { port } = await startGateway(t, { logger, gacha: [AWAY] });
  await call(port, "/account/login?ticket=SECRET", {
    method: "POST",
    headers: {
      Authorization: "Bearer SECRET",
      Cookie: "SECRET",
      "X-Request-Id": "r-1",
    },
    body: '{"password": "SECRET"}',
  });
  await call(port, "/gacha/items", { headers: { Authorization: "Bearer SECRET" } });
  await until(() => log.split("\n").length > 2, "two lines are logged");
  assert.doesNotMatch(log, /SECRET/);
  const [login, items] = log
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.equal(login.requestId, "r-1");
  assert.equal(login.method, "POST");
  assert.equal(login.path, "/account/login");
  assert.equal(login.status, 200);
  assert.match(login.upstream, /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.equal(items.status, 503);
});

test("every answer has the headers of a careful server, and none that tells of it", async (t) => {
  const { port } = await startGateway(t);
  for (const path of ["/", "/nowhere", "/gacha/items"]) {
    const { headers } = await call(port, path);
    assert.equal(headers["x-content-type-options"], "nosniff", path);
    assert.equal(headers["x-powered-by"], undefined, path);
  }
});

test("draining answers what runs, refuses what is new, and then is over", async (t) => {
  /** @type {ServerResponse | undefined} */
  let held;
  const gacha = await fakeService(t, (_seen, res) => {
    held = res;
  });
  const { port, drain } = await startGateway(t, { gacha: [gacha.url] });
  const agent = new Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  const running = request({ port, path: "/gacha/items", agent });
  running.end();
  await until(() => held !== undefined, "the request is at the service");

  let over = false;
  const drained = drain(10_000).then((complete) => {
    over = true;
    return complete;
  });
  const refused = connect(port, "127.0.0.1");
  await assert.rejects(once(refused, "connect"), { code: "ECONNREFUSED" });
  assert.equal(over, false);

  held?.end("done");
  const [answer] = /** @type {[IncomingMessage]} */ (await once(running, "response"));
  assert.equal(answer.statusCode, 200);
  assert.equal(answer.headers.connection, "close");
  answer.resume();
  assert.equal(await drained, true);
});

test("draining cuts off what runs past the limit, and says so", async (t) => {
  const gacha = await fakeService(t, () => {});
  const { port, drain } = await startGateway(t, { gacha: [gacha.url] });
  const stuck = call(port, "/gacha/items");
  await until(() => gacha.requests.length === 1, "the request is at the service");
  const cut = assert.rejects(stuck, { code: "ECONNRESET" });
  assert.equal(await drain(20), false);
  await cut;
});

test("an idle connection does not hold draining up", async (t) => {
  const { port, drain } = await startGateway(t);
  const agent = new Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  const first = request({ port, path: "/livez", agent });
  first.end();
  const [answer] = /** @type {[IncomingMessage]} */ (await once(first, "response"));
  answer.resume();
  await once(answer, "end");
  const start = performance.now();
  assert.equal(await drain(60_000), true);
  assert.ok(performance.now() - start < 4_000, "it must not wait for the idle limit");
});

test("a connection that goes idle while draining does not hold it up", async (t) => {
  /** @type {ServerResponse | undefined} */
  let held;
  const gacha = await fakeService(t, (_seen, res) => {
    held = res;
  });
  const { port, drain } = await startGateway(t, { gacha: [gacha.url] });
  const agent = new Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  const running = request({ port, path: "/readyz", agent });
  running.end();
  await until(() => held !== undefined, "the gateway asks the service");
  const start = performance.now();
  const drained = drain(60_000);
  held?.end();
  const [answer] = /** @type {[IncomingMessage]} */ (await once(running, "response"));
  assert.equal(answer.statusCode, 503);
  answer.resume();
  assert.equal(await drained, true);
  assert.ok(performance.now() - start < 4_000, "it must not wait for the idle limit");
});

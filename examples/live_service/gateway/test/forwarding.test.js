import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { createServer } from "node:net";
import { test } from "node:test";
import { AWAY, call, fakeService, rawCall, startGateway, until } from "./fakes.js";

/** @import { AddressInfo } from "node:net" */

const JSON_BODY = { "Content-Type": "application/json" };

test("body, status and headers pass through unchanged", async (t) => {
  const account = await fakeService(t, (_seen, res) => {
    res.writeHead(201, { "Content-Type": "application/json", "X-Kept": "yes" });
    res.end('{"userId": "u-1"}');
  });
  const { port } = await startGateway(t, { account: [account.url] });
  // Neither valid JSON nor valid UTF-8 escapes are the gateway's business.
  const body = '{"a": 1, "a": 2, "é": "\\ud800"}';
  const answer = await call(port, "/account/register", {
    method: "POST",
    headers: { ...JSON_BODY, Authorization: "Bearer t", "Idempotency-Key": "k-1" },
    body,
  });
  assert.equal(answer.status, 201);
  assert.equal(answer.body, '{"userId": "u-1"}');
  assert.equal(answer.headers["x-kept"], "yes");
  const [seen] = account.requests;
  assert.equal(seen.method, "POST");
  assert.equal(seen.body, body);
  assert.equal(seen.headers["content-type"], "application/json");
  assert.equal(seen.headers.authorization, "Bearer t");
  assert.equal(seen.headers["idempotency-key"], "k-1");
  assert.equal(seen.headers["content-length"], String(Buffer.byteLength(body)));
});

test("a chunked body arrives whole and with its length", async (t) => {
  const gacha = await fakeService(t);
  const { port } = await startGateway(t, { gacha: [gacha.url] });
  const answer = await rawCall(
    port,
    "POST /gacha/pull HTTP/1.1\r\nHost: game\r\nConnection: close\r\n" +
      'Transfer-Encoding: chunked\r\n\r\n4\r\n{"cu\r\n3\r\n": \r\n1\r\n}\r\n0\r\n\r\n',
  );
  assert.match(answer, /^HTTP\/1\.1 200 /);
  assert.equal(gacha.requests[0].body, '{"cu": }');
  assert.equal(gacha.requests[0].headers["content-length"], "8");
  assert.equal(gacha.requests[0].headers["transfer-encoding"], undefined);
});

test("a request without a body gets none", async (t) => {
  const gacha = await fakeService(t);
  const { port } = await startGateway(t, { gacha: [gacha.url] });
  await call(port, "/gacha/items");
  assert.equal(gacha.requests[0].headers["content-length"], undefined);
  assert.equal(gacha.requests[0].headers["transfer-encoding"], undefined);
});

test("a client that stops in the middle of its body reaches no service", async (t) => {
  const account = await fakeService(t);
  const { port, server } = await startGateway(t, { account: [account.url] });
  const req = request({ port, path: "/account/buy-currency", method: "POST" });
  req.on("error", () => {});
  req.setHeader("Content-Length", 100);
  const arrived = once(server, "request");
  req.write('{"amount": 1}');
  const [atGateway] = await arrived;
  req.destroy();
  await until(() => atGateway.destroyed, "the gateway sees the client leave");
  await call(port, "/account/currency");
  assert.deepEqual(
    account.requests.map(({ url }) => url),
    ["/account/currency"],
  );
});

test("headers that speak for the inside or for one connection stay out", async (t) => {
  const gacha = await fakeService(t);
  const { port } = await startGateway(t, { gacha: [gacha.url] });
  await rawCall(
    port,
    [
      "GET /gacha/items HTTP/1.1",
      "Host: game",
      "Connection: close, X-Hop",
      "X-Hop: 1",
      "Keep-Alive: timeout=5",
      "TE: trailers",
      "Proxy-Authorization: Basic eA==",
      "Upgrade: h2c",
      "x-sErViCe-tOkEn: stolen",
      "X_Service_Token: stolen",
      "X-Internal-Player: u-1",
      "X-Forwarded-For: 10.0.0.1",
      "X-Forwarded-Host: elsewhere",
      "Forwarded: for=10.0.0.1",
      "X-Ordinary: kept",
      "",
      "",
    ].join("\r\n"),
  );
  const { headers } = gacha.requests[0];
  const names = Object.keys(headers).sort();
  assert.deepEqual(names, [
    "connection", // the gateway's own connection to the service
    "host",
    "traceparent",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-ordinary",
    "x-request-id",
  ]);
  assert.equal(headers["x-forwarded-for"], "127.0.0.1");
  assert.equal(headers["x-forwarded-host"], "game");
  assert.equal(headers.connection, "keep-alive");
  assert.equal(headers.host, new URL(gacha.url).host);
});

test("a service's connection and inside headers stay inside", async (t) => {
  const gacha = await fakeService(t, (_seen, res) => {
    res.setHeader("X-Internal-Shard", "7");
    res.setHeader("Server", "secret/1.0");
    res.setHeader("Keep-Alive", "timeout=77");
    res.setHeader("X-Request-Id", "another");
    res.end("ok");
  });
  const { port } = await startGateway(t, { gacha: [gacha.url] });
  const headers = { "X-Request-Id": "mine" };
  const answer = await call(port, "/gacha/items", { headers });
  assert.equal(answer.headers["x-internal-shard"], undefined);
  assert.equal(answer.headers.server, undefined);
  assert.notEqual(answer.headers["keep-alive"], "timeout=77");
  assert.equal(answer.headers["x-request-id"], "mine");
});

test("a sane request id is kept, another is replaced, and all agree on it", async (t) => {
  const gacha = await fakeService(t);
  const { port } = await startGateway(t, { gacha: [gacha.url] });
  const sane = ["a", "Trace-1.2_3", "x".repeat(64)];
  const odd = ["", "x".repeat(65), "a b", "a,b", '{"x":1}', "é"];
  for (const id of [...sane, ...odd]) {
    const headers = { "X-Request-Id": id };
    const answer = await call(port, "/gacha/items", { headers });
    const returned = answer.headers["x-request-id"];
    assert.equal(gacha.requests.at(-1)?.headers["x-request-id"], returned);
    if (sane.includes(id)) assert.equal(returned, id);
    else assert.match(String(returned), /^[0-9a-f-]{36}$/);
  }
  const missing = await call(port, "/nowhere");
  assert.match(missing.json.requestId, /^[0-9a-f-]{36}$/);
  assert.equal(missing.headers["x-request-id"], missing.json.requestId);
});

test("a service that is not there is a 503 that says when to try again", async (t) => {
  const account = [AWAY];
  const { port } = await startGateway(t, { account });
  const answer = await call(port, "/account/currency");
  assert.equal(answer.status, 503);
  assert.equal(answer.headers["retry-after"], "1");
  assert.equal(answer.headers["content-type"], "application/problem+json");
  assert.equal(answer.json.type, "/problems/service-unavailable");
  assert.match(answer.json.detail, /account service/);
  assert.equal((await call(port, "/gacha/items")).status, 200);
});

test("a service that breaks off before its answer is a 502", async (t) => {
  const gacha = await fakeService(t, (_seen, res) => res.socket?.resetAndDestroy());
  const { port } = await startGateway(t, { gacha: [gacha.url] });
  const answer = await call(port, "/gacha/items");
  assert.equal(answer.status, 502);
  assert.equal(answer.json.type, "/problems/bad-gateway");
  assert.match(answer.json.detail, /gacha service/);
});

test("a service that does not speak HTTP is a 502", async (t) => {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.end("SSH-2.0-OpenSSH\r\n");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port: servicePort } = /** @type {AddressInfo} */ (server.address());
  const gacha = [`http://127.0.0.1:${servicePort}`];
  const { port } = await startGateway(t, { gacha });
  const answer = await call(port, "/gacha/items");
  assert.equal(answer.status, 502);
});

test("a service that breaks off in its answer breaks the client's at once", async (t) => {
  const gacha = await fakeService(t, (_seen, res) => {
    res.writeHead(200, { "Content-Length": 1000 });
    res.write("half", () => res.socket?.destroy());
  });
  const { port } = await startGateway(t, {
    gacha: [gacha.url],
    requestBudgetMs: 20_000,
  });
  const start = performance.now();
  await assert.rejects(call(port, "/gacha/items"), { code: "ECONNRESET" });
  assert.ok(performance.now() - start < 10_000, "it must not wait for the budget");
});

test("each route has its own time, and past it the answer is a 504", async (t) => {
  /** @type {(() => void)[]} */
  const left = [];
  const gacha = await fakeService(t, (seen, res) => {
    if (seen.url === "/gacha/pull") setTimeout(() => res.end("late"), 200);
    else res.once("close", () => left.push(() => {}));
  });
  const { port } = await startGateway(t, {
    gacha: [gacha.url],
    requestBudgetMs: 50,
    pullBudgetMs: 20_000,
  });
  const answer = await call(port, "/gacha/items");
  assert.equal(answer.status, 504);
  assert.equal(answer.json.type, "/problems/gateway-timeout");
  assert.match(answer.json.detail, /gacha service did not answer within 0\.05 s/);
  await until(() => left.length === 1, "the service is told to stop");
  assert.equal((await call(port, "/gacha/pull", { method: "POST" })).body, "late");
});

test("an answer that stalls past its time is broken off", async (t) => {
  const gacha = await fakeService(t, (_seen, res) => res.write("half"));
  const options = { gacha: [gacha.url], requestBudgetMs: 50 };
  const { port } = await startGateway(t, options);
  await assert.rejects(call(port, "/gacha/items"), { code: "ECONNRESET" });
});

test("when the client leaves, the service is told", async (t) => {
  let told = false;
  const gacha = await fakeService(t, (_seen, res) => {
    res.once("close", () => {
      told = true;
    });
  });
  const { port } = await startGateway(t, { gacha: [gacha.url] });
  const req = request({ port, path: "/gacha/items" });
  req.on("error", () => {});
  req.end();
  await until(() => gacha.requests.length === 1, "the request is at the service");
  req.destroy();
  await until(() => told, "the service's connection closes");
});

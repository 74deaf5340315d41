// WebSockets through the gateway, with the `ws` package on both sides.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { test } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import {
  AWAY,
  call,
  fakeService,
  listen,
  rawCall,
  startGateway,
  until,
} from "./fakes.js";

/**
 * @import { IncomingMessage } from "node:http"
 * @import { AddressInfo } from "node:net"
 * @import { TestContext } from "node:test"
 */

/**
 * A service that opens a socket to everyone and sends back what it gets.
 *
 * @param {TestContext} t
 */
async function socketService(t) {
  const server = createServer();
  const sockets = new WebSocketServer({ server });
  /** @type {IncomingMessage[]} */
  const handshakes = [];
  sockets.on("connection", (socket, req) => {
    handshakes.push(req);
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  const port = await listen(server);
  t.after(() => {
    for (const client of sockets.clients) client.terminate();
    server.close();
  });
  return { url: `http://127.0.0.1:${port}`, handshakes, sockets };
}

/**
 * @param {TestContext} t
 * @param {number} port
 * @param {import("ws").ClientOptions} [options]
 */
function open(t, port, options, path = "/gacha/socket") {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, options);
  t.after(() => socket.terminate());
  return socket;
}

/**
 * The HTTP answer to a handshake that is refused.
 *
 * @param {WebSocket} socket
 */
async function refusal(socket) {
  socket.on("error", () => {});
  const [, answer] = await once(socket, "unexpected-response");
  let body = "";
  for await (const chunk of answer) body += chunk;
  return { status: answer.statusCode, headers: answer.headers, body };
}

test("texts and bytes of all sizes pass both ways", async (t) => {
  const gacha = await socketService(t);
  const { port } = await startGateway(t, { gacha: [gacha.url] });
  const socket = open(t, port);
  await once(socket, "open");
  for (const length of [0, 1, 125, 126, 65_535, 65_536, 3_000_000]) {
    const sent = Buffer.alloc(length, "ab");
    for (const binary of [true, false]) {
      socket.send(sent, { binary });
      const [got, isBinary] = await once(socket, "message");
      assert.equal(isBinary, binary);
      assert.ok(sent.equals(got), `${length} bytes come back`);
    }
  }
  socket.ping("there?");
  const [pong] = await once(socket, "pong");
  assert.equal(String(pong), "there?");
});

test("the service closes with its own code, and so does the client", async (t) => {
  const gacha = await socketService(t);
  const { port } = await startGateway(t, { gacha: [gacha.url] });
  const first = open(t, port);
  await once(first, "open");
  for (const client of gacha.sockets.clients) client.close(4401, "log in first");
  const [code, reason] = await once(first, "close");
  assert.deepEqual([code, String(reason)], [4401, "log in first"]);

  const arrived = once(gacha.sockets, "connection");
  const second = open(t, port);
  const [atService] = await arrived;
  const closed = once(atService, "close");
  await once(second, "open");
  second.close(1000, "bye");
  assert.equal((await closed)[0], 1000);
});

test("the handshake arrives with Origin, protocols and ticket, and no forged header", async (t) => {
  const gacha = await socketService(t);
  const { port } = await startGateway(t, { gacha: [gacha.url] });
  const socket = new WebSocket(
    `ws://127.0.0.1:${port}/gacha/socket?ticket=t-1`,
    ["game.v1"],
    {
      headers: {
        Origin: "http://game.example",
        "X-Service-Token": "stolen",
        "X-Forwarded-For": "10.0.0.1",
        "X-Request-Id": "r-1",
        Authorization: "Bearer t",
      },
    },
  );
  t.after(() => socket.terminate());
  const [[answer]] = await Promise.all([once(socket, "upgrade"), once(socket, "open")]);
  assert.equal(answer.headers["x-request-id"], "r-1");
  assert.equal(socket.protocol, "game.v1");
  const [{ url, headers }] = gacha.handshakes;
  assert.equal(url, "/gacha/socket?ticket=t-1");
  assert.equal(headers.origin, "http://game.example");
  assert.equal(headers.authorization, "Bearer t");
  assert.equal(headers["x-service-token"], undefined);
  assert.equal(headers["x-forwarded-for"], "127.0.0.1");
  assert.equal(headers["x-forwarded-host"], `127.0.0.1:${port}`);
  assert.equal(headers["x-request-id"], "r-1");
  assert.equal(headers.host, new URL(gacha.url).host);
});

test("sockets go to the instances in turn", async (t) => {
  const instances = [await socketService(t), await socketService(t)];
  const { port } = await startGateway(t, { gacha: instances.map(({ url }) => url) });
  for (let each = 0; each < 4; each++) await once(open(t, port), "open");
  assert.deepEqual(
    instances.map(({ handshakes }) => handshakes.length),
    [2, 2],
  );
});

/** The lines of /metrics about sockets. @param {number} port */
async function socketMetrics(port) {
  const { body } = await call(port, "/metrics");
  return body.split("\n").filter((line) => line.startsWith("gateway_sockets_"));
}

test("there are as many sockets as there may be, in all and from an address", async (t) => {
  const gacha = await socketService(t);
  const { port } = await startGateway(t, {
    gacha: [gacha.url],
    sockets: { most: 3, perAddress: 2 },
  });
  const here = { localAddress: "127.0.0.1" };
  const there = { localAddress: "127.0.0.2" };
  const first = open(t, port, here);
  await once(first, "open");
  await once(open(t, port, here), "open");

  const tooMany = await refusal(open(t, port, here));
  assert.equal(tooMany.status, 429);
  assert.equal(tooMany.headers["retry-after"], "10");
  const { type, detail } = JSON.parse(tooMany.body);
  assert.equal(type, "/problems/too-many-requests");
  assert.equal(detail, "at most 2 sockets may be open from one address");

  await once(open(t, port, there), "open");
  const full = await refusal(open(t, port, there));
  assert.equal(full.status, 503);
  assert.equal(full.headers["retry-after"], "10");
  assert.equal(JSON.parse(full.body).type, "/problems/service-unavailable");
  assert.equal(gacha.handshakes.length, 3);
  assert.deepEqual(await socketMetrics(port), [
    "gateway_sockets_open 3",
    'gateway_sockets_refused_total{by="address"} 1',
    'gateway_sockets_refused_total{by="total"} 1',
  ]);

  // What else is asked for is answered, and a place that is left is there for others.
  assert.equal((await call(port, "/livez")).status, 200);
  first.terminate();
  while ((await socketMetrics(port))[0] !== "gateway_sockets_open 2");
  await once(open(t, port, here), "open");
});

test("a handshake takes its place before it is done, and gives it back", async (t) => {
  const silent = createTcpServer();
  await new Promise((resolve) => silent.listen(0, "127.0.0.1", () => resolve(null)));
  const silentPort = /** @type {AddressInfo} */ (silent.address()).port;
  t.after(() => silent.close());
  /** @type {import("node:net").Socket[]} */
  const asked = [];
  silent.on("connection", (connection) => asked.push(connection.resume()));
  const { port } = await startGateway(t, {
    gacha: [`http://127.0.0.1:${silentPort}`],
    sockets: { most: 9, perAddress: 1 },
  });
  const waiting = refusal(open(t, port));
  await until(() => asked.length === 1, "the service is asked");
  assert.equal((await refusal(open(t, port))).status, 429);
  assert.equal(asked.length, 1);
  for (const connection of asked) connection.end("HTTP/1.1 418 No\r\n\r\n");
  assert.equal((await waiting).status, 418);
  const next = open(t, port);
  next.on("error", () => {});
  await until(() => asked.length === 2, "it is asked again");
  for (const connection of asked) connection.destroy();
});

test("a refusal of the service is the client's answer", async (t) => {
  const gacha = await fakeService(t);
  gacha.server.on("upgrade", (_req, socket) => {
    socket.end(
      "HTTP/1.1 403 Forbidden\r\nX-Internal-Shard: 7\r\nContent-Length: 5\r\n\r\nno go",
    );
  });
  const { port } = await startGateway(t, { gacha: [gacha.url] });
  const answer = await refusal(open(t, port));
  assert.deepEqual([answer.status, answer.body], [403, "no go"]);
  assert.equal(answer.headers["x-internal-shard"], undefined);
  assert.ok(answer.headers["x-request-id"]);
});

test("a service that is not there is a 503 problem", async (t) => {
  const gacha = [AWAY];
  const { port } = await startGateway(t, { gacha });
  const { status, headers, body } = await refusal(open(t, port));
  assert.equal(status, 503);
  assert.equal(headers["retry-after"], "1");
  assert.equal(JSON.parse(body).type, "/problems/service-unavailable");
});

test("an instance that is not there is passed over", async (t) => {
  const gacha = await socketService(t);
  const { port } = await startGateway(t, { gacha: [AWAY, gacha.url] });
  for (let each = 0; each < 4; each++) await once(open(t, port), "open");
  assert.equal(gacha.handshakes.length, 4);
  assert.equal(gacha.handshakes[3].headers["x-forwarded-host"], `127.0.0.1:${port}`);
});

test("a service that says nothing is a 504 problem after the budget", async (t) => {
  const silent = createTcpServer((socket) => socket.on("error", () => {}));
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  t.after(() => silent.close());
  const { port: servicePort } = /** @type {AddressInfo} */ (silent.address());
  const { port } = await startGateway(t, {
    gacha: [`http://127.0.0.1:${servicePort}`],
    requestBudgetMs: 50,
  });
  const { status, body } = await refusal(open(t, port));
  assert.equal(status, 504);
  assert.equal(JSON.parse(body).type, "/problems/gateway-timeout");
});

test("when one side is cut off, so is the other", async (t) => {
  const gacha = await socketService(t);
  const { port } = await startGateway(t, { gacha: [gacha.url] });
  const first = open(t, port);
  await once(first, "open");
  for (const client of gacha.sockets.clients) client.terminate();
  assert.equal((await once(first, "close"))[0], 1006);

  const arrived = once(gacha.sockets, "connection");
  const second = open(t, port);
  const [atService] = await arrived;
  await once(second, "open");
  const closed = once(atService, "close");
  second.terminate();
  assert.equal((await closed)[0], 1006);
});

test("no other address opens a socket", async (t) => {
  const gacha = await socketService(t);
  const { port } = await startGateway(t, { gacha: [gacha.url] });
  for (const path of ["/socket", "/internal/socket", "/gacha/../socket", "/"]) {
    assert.notEqual((await refusal(open(t, port, {}, path))).status, 101, path);
  }
  assert.deepEqual(gacha.handshakes, []);
});

test("a wish for another protocol is passed over, and refused with a body", async (t) => {
  const gacha = await fakeService(t);
  const { port } = await startGateway(t, { gacha: [gacha.url] });
  const wish = { Connection: "Upgrade, HTTP2-Settings", Upgrade: "h2c" };
  const read = await call(port, "/gacha/items", { headers: wish });
  assert.equal(read.status, 200);
  assert.equal(gacha.requests[0].headers.upgrade, undefined);
  const pull = await rawCall(
    port,
    "POST /gacha/pull HTTP/1.1\r\nHost: game\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n" +
      "Content-Length: 2\r\n\r\n{}",
  );
  assert.match(pull, /^HTTP\/1\.1 400 [\s\S]*"type":"\/problems\/bad-http"/);
  assert.equal(gacha.requests.length, 1);
});

test("draining lets a socket go on while a request runs, then closes it with 1001", async (t) => {
  /** @type {import("node:http").ServerResponse | undefined} */
  let held;
  const gacha = await socketService(t);
  const account = await fakeService(t, (_seen, res) => {
    held = res;
  });
  const { port, drain } = await startGateway(t, {
    gacha: [gacha.url],
    account: [account.url],
  });
  const socket = open(t, port);
  await once(socket, "open");
  const running = call(port, "/account/currency");
  await until(() => held !== undefined, "the request is at the service");
  const drained = drain(60_000);
  socket.send("still here");
  assert.equal(String((await once(socket, "message"))[0]), "still here");
  const closed = once(socket, "close");
  held?.end("{}");
  assert.equal((await running).status, 200);
  assert.equal((await closed)[0], 1001);
  assert.equal(await drained, true);
});

test("past the limit of draining a socket is closed with 1001, in the middle of nothing", async (t) => {
  const gacha = await socketService(t);
  const account = await fakeService(t, () => {});
  const { port, drain } = await startGateway(t, {
    gacha: [gacha.url],
    account: [account.url],
  });
  const socket = open(t, port);
  await once(socket, "open");
  const stuck = assert.rejects(call(port, "/account/currency"), { code: "ECONNRESET" });
  await until(() => account.requests.length === 1, "the request is at the service");
  // The service is in the middle of a frame when the gateway has to say its own.
  const [service] = gacha.sockets.clients;
  const raw = /** @type {import("node:net").Socket} */ (
    Reflect.get(service, "_socket")
  );
  raw.write(Buffer.from([0x81, 5, 0x68, 0x65]));
  const message = once(socket, "message");
  const closed = once(socket, "close");
  const drained = drain(20);
  await stuck;
  raw.write(Buffer.from([0x6c, 0x6c, 0x6f, 0x81]));
  assert.equal(String((await message)[0]), "hello");
  assert.equal((await closed)[0], 1001);
  assert.equal(await drained, false);
});

test("a frame that never ends does not hold draining up", async (t) => {
  const gacha = await socketService(t);
  const { port, drain } = await startGateway(t, { gacha: [gacha.url] });
  const socket = open(t, port);
  await once(socket, "open");
  const [service] = gacha.sockets.clients;
  const raw = /** @type {import("node:net").Socket} */ (
    Reflect.get(service, "_socket")
  );
  raw.write(Buffer.from([0x81, 5, 0x68]));
  // Answered after what was written before it has passed.
  await call(port, "/livez");
  const start = performance.now();
  await drain(60_000);
  assert.ok(performance.now() - start < 10_000, "it is cut off after a second");
});

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { call, fakeService, rawCall, startGateway, until } from "./fakes.js";

const LIMIT = 65_536;

/**
 * @param {import("node:test").TestContext} t
 */
async function gatewayWithAccount(t) {
  const account = await fakeService(t, (seen, res) =>
    res.end(String(seen.body.length)),
  );
  const { port } = await startGateway(t, { account: [account.url] });
  return { account, port };
}

/** @param {string} body @param {number} [size] */
function chunked(body, size = 10_000) {
  let text = "";
  for (let at = 0; at < body.length; at += size) {
    const chunk = body.slice(at, at + size);
    text += `${chunk.length.toString(16)}\r\n${chunk}\r\n`;
  }
  return `${text}0\r\n\r\n`;
}

const POST = "POST /account/register HTTP/1.1\r\nHost: game\r\nConnection: close\r\n";

test("a body of exactly 64 KiB passes, sent with its length or in chunks", async (t) => {
  const { account, port } = await gatewayWithAccount(t);
  const body = "x".repeat(LIMIT);
  const whole = await call(port, "/account/register", { method: "POST", body });
  assert.equal(whole.body, "65536");
  const head = `${POST}Transfer-Encoding: chunked\r\n\r\n`;
  const pieces = await rawCall(port, head + chunked(body));
  assert.match(pieces, /^HTTP\/1\.1 200 [\s\S]*65536$/);
  assert.equal(account.requests.length, 2);
});

for (const size of [LIMIT + 1, 1_000_000]) {
  test(`a body of ${size} bytes is a 413 that the client can read`, async (t) => {
    const { account, port } = await gatewayWithAccount(t);
    const body = "x".repeat(size);
    const whole = await call(port, "/account/register", { method: "POST", body });
    assert.equal(whole.status, 413);
    assert.equal(whole.json.type, "/problems/body-too-large");
    assert.match(whole.json.detail, /65536/);
    for (const head of [
      `${POST}Transfer-Encoding: chunked\r\n\r\n${chunked(body)}`,
      `${POST}Content-Length: ${size}\r\n\r\n${body}`,
    ]) {
      const answer = await rawCall(port, head);
      assert.match(answer, /^HTTP\/1\.1 413 [\s\S]*body-too-large/);
    }
    assert.deepEqual(account.requests, []);
  });
}

test("a client that reads only after it has sent everything reads its 413", async (t) => {
  const { port } = await gatewayWithAccount(t);
  const body = "x".repeat(7_000_000);
  const socket = connect(port, "127.0.0.1");
  t.after(() => socket.destroy());
  socket.pause();
  await new Promise((sent) => {
    socket.write(`${POST}Content-Length: ${body.length}\r\n\r\n${body}`, sent);
  });
  const [answer] = await once(socket.resume(), "data");
  assert.match(String(answer), /^HTTP\/1\.1 413 /);
});

test("after a 413 the connection serves the next request", async (t) => {
  const { port } = await gatewayWithAccount(t);
  const post = POST.replace("Connection: close\r\n", "");
  const body = "x".repeat(LIMIT + 1);
  const answers = await rawCall(
    port,
    `${post}Content-Length: ${body.length}\r\n\r\n${body}${POST}Content-Length: 2\r\n\r\n{}`,
  );
  const statuses = [...answers.matchAll(/HTTP\/1\.1 (\d+)/g)].map(
    ([, status]) => status,
  );
  assert.deepEqual(statuses, ["413", "200"]);
});

test("an announced 1 GB is refused before it is sent", async (t) => {
  const { account, port } = await gatewayWithAccount(t);
  const socket = connect(port, "127.0.0.1");
  t.after(() => socket.destroy());
  socket.write(`${POST}Content-Length: 1000000000\r\nExpect: 100-continue\r\n\r\n`);
  const [answer] = await once(socket, "data");
  assert.match(String(answer), /^HTTP\/1\.1 413 /);
  assert.deepEqual(account.requests, []);
});

test("a client that asks first is told to go on", async (t) => {
  const { account, port } = await gatewayWithAccount(t);
  const socket = connect(port, "127.0.0.1");
  t.after(() => socket.destroy());
  socket.write(`${POST}Content-Length: 2\r\nExpect: 100-continue\r\n\r\n`);
  const [first] = await once(socket, "data");
  assert.match(String(first), /^HTTP\/1\.1 100 /);
  socket.write("{}");
  const [second] = await once(socket, "data");
  assert.match(String(second), /^HTTP\/1\.1 200 /);
  assert.equal(account.requests[0].headers.expect, undefined);
});

/** @type {[string, string, number, string][]} */
const MALFORMED = [
  [
    "both a length and chunks",
    `${POST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
    "bad-http",
  ],
  [
    "two lengths",
    `${POST}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`,
    400,
    "bad-http",
  ],
  ["a negative length", `${POST}Content-Length: -1\r\n\r\n`, 400, "bad-http"],
  [
    "a chunk size that is no number",
    `${POST}Transfer-Encoding: chunked\r\n\r\nxyz\r\n`,
    400,
    "bad-http",
  ],
  [
    "chunks inside another coding",
    `${POST}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
    400,
    "bad-http",
  ],
  [
    "no Host",
    "POST /account/login HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}",
    400,
    "bad-http",
  ],
  [
    "an expectation nobody knows",
    `${POST}Content-Length: 2\r\nExpect: wonders\r\n\r\n{}`,
    400,
    "bad-http",
  ],
  ["something else than HTTP", "\x16\x03\x01\x02\x00\x01\r\n\r\n", 400, "bad-http"],
  [
    "20 KiB of headers",
    `${POST}X-Long: ${"x".repeat(20_480)}\r\n\r\n`,
    431,
    "headers-too-large",
  ],
];

for (const [what, text, status, kind] of MALFORMED) {
  test(`${what}: ${status}, and no service hears of it`, async (t) => {
    const { account, port } = await gatewayWithAccount(t);
    const [head, body] = (await rawCall(port, text)).split("\r\n\r\n");
    assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.match(head, /Content-Type: application\/problem\+json/i);
    const problem = JSON.parse(body);
    assert.equal(problem.type, `/problems/${kind}`);
    assert.equal(problem.status, status);
    assert.match(head, new RegExp(`X-Request-Id: ${problem.requestId}`));
    assert.deepEqual(account.requests, []);
  });
}

test("garbage after a request is no answer to that request", async (t) => {
  const account = await fakeService(t, () => {});
  const { port } = await startGateway(t, { account: [account.url] });
  const purchase = `${POST.replace("Connection: close\r\n", "")}Content-Length: 2\r\n\r\n{}`;
  for (const together of [true, false]) {
    const before = account.requests.length;
    const socket = connect(port, "127.0.0.1");
    let answer = "";
    socket.on("data", (data) => {
      answer += data;
    });
    const closed = once(socket, "close");
    socket.write(together ? `${purchase}garbage\r\n\r\n` : purchase);
    if (!together) {
      await until(() => account.requests.length > before, "it is being carried out");
      socket.write("garbage\r\n\r\n");
    }
    await closed;
    assert.equal(answer, "");
  }
});

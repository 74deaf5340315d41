// The socket as a plain WebSocket client finds it at the gateway, and what it is refused.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { WebSocket } from "ws";
import { parse } from "yaml";
import { Player, startGame } from "../src/game.js";

/** @import { TestContext } from "node:test" */

/** @param {string} name */
const contract = (name) =>
  parse(readFileSync(new URL(`../../api/${name}`, import.meta.url), "utf8"));
const asyncapi = contract("asyncapi.yaml");
const ajv = new Ajv2020({ strict: false, allErrors: true });
/** @type {any} */ (addFormats)(ajv);
ajv.addSchema(contract("openapi.yaml"), "http://api/openapi.yaml");
ajv.addSchema(asyncapi, "http://api/asyncapi.yaml");

/** The schema of each type of message. */
const SCHEMAS = new Map(
  Object.values(asyncapi.components.messages).map(({ name, payload }) => [
    name,
    `http://api/asyncapi.yaml${payload.$ref}`,
  ]),
);

/** @param {any} message */
function assertInContract(message) {
  const schema = SCHEMAS.get(message.type);
  assert.ok(schema, `${message.type} is not in the contract`);
  const validate = ajv.getSchema(schema);
  assert.ok(
    validate?.(message),
    `${message.type}: ${ajv.errorsText(validate?.errors)}`,
  );
}

/** One socket; what is said on it is recorded and held against the contract. */
class Line {
  /** @type {any[]} */
  said = [];
  #unread = /** @type {any[]} */ ([]);
  #ids = 0;
  /** @type {Promise<number>} */
  closed;

  /** @param {string} address @param {import("ws").ClientOptions & {query?: string}} [options] */
  constructor(address, { query = "", ...options } = {}) {
    const url = `${address.replace("http", "ws")}/gacha/socket${query}`;
    this.socket = new WebSocket(url, options);
    this.socket.on("message", (bytes) => {
      const message = JSON.parse(String(bytes));
      assertInContract(message);
      this.said.push(message);
      this.#unread.push(message);
      this.socket.emit("read");
    });
    this.socket.on("error", () => {});
    this.closed = once(this.socket, "close").then(([code]) => code);
  }

  async next() {
    while (this.#unread.length === 0) await once(this.socket, "read");
    return this.#unread.shift();
  }

  /** @param {string} type @param {object} data */
  async send(type, data) {
    if (this.socket.readyState === WebSocket.CONNECTING)
      await once(this.socket, "open");
    const message = { v: 1, type, id: String(++this.#ids), data };
    assertInContract(message);
    this.said.push(message);
    this.socket.send(JSON.stringify(message));
  }

  /** @param {string} type @param {object} data */
  async ask(type, data) {
    await this.send(type, data);
    const answer = await this.next();
    assert.equal(answer.id, String(this.#ids), JSON.stringify(answer));
    return answer;
  }
}

/** What stays of a message in the record: its type, and the figures that are certain. */
function recorded(/** @type {any} */ { type, seq, data }) {
  const { bannerId, currencySpent, lastSeq } = data;
  const kept = { bannerId, currencySpent, lastSeq, items: data.items?.length };
  const fields = Object.entries(kept).filter(([, value]) => value !== undefined);
  return [type, seq ?? null, Object.fromEntries(fields)];
}

test("the socket through the gateway", async (t) => {
  const address = await startGame(t);
  const player = await Player.register(address, 16_000);

  /** @param {TestContext} t @param {import("ws").ClientOptions & {query?: string}} [options] */
  const open = (t, options) => {
    const line = new Line(address, options);
    t.after(() => line.socket.terminate());
    return line;
  };

  await t.test("a recorded session", async (t) => {
    const line = open(t);
    await line.ask("authenticate", { token: player.token });
    await line.ask("list_banners", {});
    await line.ask("choose_banner", { bannerId: "starter" });
    await player.pull(10);
    await line.next();
    await player.pull(1);
    await line.next();
    await line.ask("choose_banner", { bannerId: "sunset" });
    line.socket.close(1000);
    assert.equal(await line.closed, 1000);
    assert.deepEqual(line.said.map(recorded), [
      ["authenticate", null, {}],
      ["welcome", null, { lastSeq: 0 }],
      ["list_banners", null, {}],
      ["banners", null, {}],
      ["choose_banner", null, { bannerId: "starter" }],
      ["banner", null, { items: 26 }],
      ["pulled", 1, { bannerId: "starter", currencySpent: 1600, items: 10 }],
      ["pulled", 2, { bannerId: "starter", currencySpent: 160, items: 1 }],
      ["choose_banner", null, { bannerId: "sunset" }],
      ["error", null, {}],
    ]);
  });

  await t.test("a ticket opens one socket", async (t) => {
    const { ticket } = await player.post("/gacha/socket-ticket", {});
    const line = open(t, { query: `?ticket=${ticket}` });
    assert.equal((await line.next()).type, "welcome");
    assert.equal(await open(t, { query: `?ticket=${ticket}` }).closed, 4401);
  });

  await t.test(
    "a renewed login has tickets, and moves the end of a socket",
    async (t) => {
      const player = await Player.register(address);
      /** @param {any} message */
      const expiresAt = ({ data }) => Date.parse(data.expiresAt);
      // Tokens that are issued in the same second expire in the same.
      await new Promise((resolve) => setTimeout(resolve, 1_100));
      const first = player.token;
      await player.refresh();
      assert.notEqual(player.token, first);
      const { ticket } = await player.post("/gacha/socket-ticket", {});
      const line = open(t, { query: `?ticket=${ticket}` });
      const welcome = await line.next();
      assert.equal(welcome.type, "welcome");
      await new Promise((resolve) => setTimeout(resolve, 1_100));
      await player.refresh();
      const moved = await line.ask("authenticate", { token: player.token });
      assert.equal(moved.type, "welcome");
      assert.ok(expiresAt(moved) > expiresAt(welcome));
      assert.equal((await line.ask("list_banners", {})).type, "banners");
    },
  );

  await t.test("pages of the game may open one, others may not", async (t) => {
    const line = open(t, { origin: address });
    const welcome = await line.ask("authenticate", { token: player.token });
    assert.equal(welcome.type, "welcome");
    assert.equal(await open(t, { origin: "https://evil.example" }).closed, 4403);
    // Not even one that claims in vain to have come another way.
    const claim = { "X-Forwarded-Host": "evil.example" };
    const liar = open(t, { origin: "https://evil.example", headers: claim });
    assert.equal(await liar.closed, 4403);
  });

  await t.test("a token that is not good, and no token", async (t) => {
    const line = open(t);
    await line.send("authenticate", { token: `${player.token}x` });
    assert.equal(await line.closed, 4401);
    const silent = open(t);
    await silent.send("list_banners", {});
    assert.equal(await silent.closed, 4401);
  });

  await t.test("an oversized frame and a flood", async (t) => {
    const large = open(t);
    await large.ask("authenticate", { token: player.token });
    large.socket.send("x".repeat(5000));
    assert.equal(await large.closed, 1009);
    const flood = open(t);
    await flood.ask("authenticate", { token: player.token });
    for (let times = 0; times < 50; times++) await flood.send("list_banners", {});
    assert.equal(await flood.closed, 4429);
  });
});

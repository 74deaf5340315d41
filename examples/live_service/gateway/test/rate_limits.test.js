import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { test } from "node:test";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { call, DEAF_PORT, fakeService, startGateway, until } from "./fakes.js";

/** @import { TestContext } from "node:test" */
/** @import { LimitSettings } from "../src/settings.js" */

/** @param {number} most */
const perMinute = (most) => ({ most, windowMs: 60_000 });

/** @param {Partial<LimitSettings>} limits */
const limits = (limits) => ({
  perAddress: null,
  perPlayer: null,
  redisUrl: null,
  ...limits,
});

/** A Redis of the test's own. @param {TestContext} t */
async function startRedis(t) {
  // Below those that the kernel gives to connections.
  const redisPort = 20_000 + randomInt(12_000);
  const options = ["--port", `${redisPort}`, "--bind", "127.0.0.1", "--save", ""];
  const redis = spawn("redis-server", options, { cwd: "/tmp" });
  t.after(() => redis.kill("SIGKILL"));
  let said = "";
  redis.stdout.on("data", (chunk) => {
    said += chunk;
  });
  await until(() => said.includes("Ready to accept"), "Redis is ready", 20_000);
  return { redis, redisPort };
}

/** @param {number} port @param {number} count @param {string} [path] */
async function statuses(port, count, path = "/gacha/items") {
  const answers = [];
  for (let each = 0; each < count; each++)
    answers.push((await call(port, path)).status);
  return answers;
}

test("an address that comes too often is told so, and for how long", async (t) => {
  const gacha = await fakeService(t);
  const { port } = await startGateway(t, {
    gacha: [gacha.url],
    limits: limits({ perAddress: perMinute(3) }),
  });
  const first = await call(port, "/gacha/items");
  assert.equal(first.headers["ratelimit-limit"], "3");
  assert.equal(first.headers["ratelimit-remaining"], "2");
  assert.equal(first.headers["ratelimit-policy"], "3;w=60");
  assert.deepEqual(await statuses(port, 2), [200, 200]);
  const refused = await call(port, "/account/login", {
    method: "POST",
    body: "{}",
    headers: { "X-Forwarded-For": "10.9.8.7" },
  });
  assert.equal(refused.status, 429);
  assert.equal(refused.json.type, "/problems/too-many-requests");
  assert.equal(refused.json.title, "Too many requests");
  assert.match(
    refused.json.detail,
    /^at most 3 requests in 60 s are taken from one address/,
  );
  assert.equal(refused.headers["ratelimit-remaining"], "0");
  const wait = Number(refused.headers["retry-after"]);
  assert.ok(wait >= 1 && wait <= 60, `${wait}`);
  assert.equal(gacha.requests.length, 3);
});

test("what the gateway answers itself is not counted", async (t) => {
  const { port } = await startGateway(t, {
    limits: limits({ perAddress: perMinute(1) }),
  });
  for (const path of ["/", "/livez", "/metrics", "/nowhere"]) {
    const answer = await call(port, path);
    assert.equal(answer.headers["ratelimit-limit"], undefined, path);
  }
  assert.deepEqual(await statuses(port, 2), [200, 429]);
});

test("when the time is over there is a new count", async (t) => {
  const { port } = await startGateway(t, {
    limits: limits({ perAddress: { most: 1, windowMs: 300 } }),
  });
  assert.deepEqual(await statuses(port, 2), [200, 429]);
  let status = 429;
  while (status === 429) ({ status } = await call(port, "/gacha/items"));
  assert.equal(status, 200);
});

test("players are counted apart, wherever they come from", async (t) => {
  const { publicKey, privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519" });
  const jwk = { ...(await exportJWK(publicKey)), kid: "k1", alg: "EdDSA" };
  const account = await fakeService(t, (_seen, res) =>
    res.end(JSON.stringify({ keys: [jwk] })),
  );
  const { port } = await startGateway(t, {
    account: [account.url],
    tokens: { issuer: "i", audience: "a" },
    limits: limits({ perPlayer: perMinute(2) }),
  });
  /** @param {string} player */
  const ask = async (player) => {
    const token = await new SignJWT({ sub: player, iss: "i", aud: "a" })
      .setProtectedHeader({ alg: "EdDSA", kid: "k1" })
      .setIssuedAt()
      .setExpirationTime("1m")
      .sign(privateKey);
    return call(port, "/gacha/history", {
      headers: { Authorization: `Bearer ${token}` },
    });
  };
  for (const status of [200, 200, 429]) assert.equal((await ask("u-1")).status, status);
  assert.match((await ask("u-1")).json.detail, /from one player/);
  assert.equal((await ask("u-2")).status, 200);
  assert.deepEqual(await statuses(port, 4), [200, 200, 200, 200]);
});

test("gateways count together in Redis, and each by itself while it is away", async (t) => {
  const { redis, redisPort } = await startRedis(t);
  const options = {
    limits: limits({
      perAddress: perMinute(10),
      redisUrl: `redis://127.0.0.1:${redisPort}`,
    }),
  };
  const [first, second] = [
    await startGateway(t, options),
    await startGateway(t, options),
  ];
  // Counted in Redis once both are connected: what one counts the other sees.
  const remaining = async (/** @type {number} */ port) =>
    Number((await call(port, "/gacha/items")).headers["ratelimit-remaining"]);
  let before = await remaining(first.port);
  let after = await remaining(second.port);
  while (after !== before - 1 || after > 8) {
    before = await remaining(first.port);
    after = await remaining(second.port);
  }
  redis.kill("SIGSTOP");
  const start = performance.now();
  const stalled = await call(second.port, "/gacha/items");
  assert.equal(stalled.status, 200);
  assert.ok(performance.now() - start < 2_000, "nobody waits for Redis");
  redis.kill("SIGCONT");
  const exit = once(redis, "exit");
  redis.kill("SIGKILL");
  await exit;
  const alone = await statuses(second.port, 12);
  assert.equal(alone.at(0), 200);
  assert.equal(alone.at(-1), 429);
});

test("a Redis that was never there keeps nobody out", async (t) => {
  const { port, drain } = await startGateway(t, {
    limits: limits({
      perAddress: perMinute(2),
      redisUrl: `redis://127.0.0.1:${DEAF_PORT}`,
    }),
  });
  assert.deepEqual(await statuses(port, 3), [200, 200, 429]);
  assert.equal(await drain(5_000), true);
});

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from "jose";
import { call, fakeService, startGateway, until } from "./fakes.js";

/** @import { TestContext } from "node:test" */

const TOKENS = { issuer: "fairpull-account", audience: "fairpull-game" };
const HOUR = 3_600;

const real = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
const other = await generateKeyPair("EdDSA", { crv: "Ed25519" });
const ecdsa = await generateKeyPair("ES256");
const jwk = {
  ...(await exportJWK(real.publicKey)),
  kid: "k1",
  use: "sig",
  alg: "EdDSA",
};
const pem = await exportSPKI(real.publicKey);

/** @param {Record<string, unknown>} [changes] undefined leaves a claim out */
function claims(changes = {}) {
  const now = Math.floor(Date.now() / 1_000);
  const usual = { iss: TOKENS.issuer, aud: TOKENS.audience, sub: "u-1", iat: now };
  return { ...usual, exp: now + 15 * 60, ...changes };
}

/**
 * @param {Record<string, unknown>} [changes]
 * @param {import("node:crypto").webcrypto.CryptoKey} [key]
 */
function signed(changes = {}, key = real.privateKey, header = {}) {
  return new SignJWT(claims(changes))
    .setProtectedHeader({ alg: "EdDSA", kid: "k1", ...header })
    .sign(key);
}

/** @param {unknown} value */
const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** @param {object} header @param {string} signature */
const spelled = (header, signature) => `${part(header)}.${part(claims())}.${signature}`;

/** @param {string | Buffer} secret */
function hmac(secret) {
  const text = `${part({ alg: "HS256", kid: "k1" })}.${part(claims())}`;
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

const now = Math.floor(Date.now() / 1_000);
const good = await signed();
/** @type {[string, string, string][]} */
const BAD = [
  ["expired", await signed({ exp: now - 1 }), "has expired"],
  ["expired long ago", await signed({ exp: now - HOUR }), "has expired"],
  ["without expiry", await signed({ exp: undefined }), "not valid"],
  [
    "expiry is text",
    await signed({ exp: `${now + HOUR}` }).catch(() =>
      spelled({ alg: "EdDSA", kid: "k1" }, "AAAA"),
    ),
    "not valid",
  ],
  ["issued in the future", await signed({ iat: now + HOUR }), "not valid"],
  ["without time of issue", await signed({ iat: undefined }), "not valid"],
  ["other audience", await signed({ aud: "another-game" }), "another audience"],
  ["without audience", await signed({ aud: undefined }), "not valid"],
  ["other issuer", await signed({ iss: "somebody" }), "another issuer"],
  ["without issuer", await signed({ iss: undefined }), "not valid"],
  ["without subject", await signed({ sub: undefined }), "not valid"],
  ["subject is a number", await signed({ sub: 7 }), "not valid"],
  ["alg none", spelled({ alg: "none", kid: "k1" }, ""), "not valid"],
  ["alg None", spelled({ alg: "None", kid: "k1" }, ""), "not valid"],
  [
    "alg none, old signature",
    spelled({ alg: "none", kid: "k1" }, good.split(".")[2]),
    "not valid",
  ],
  ["HS256 with the public PEM", hmac(pem), "not valid"],
  [
    "HS256 with the public bytes",
    hmac(Buffer.from(String(jwk.x), "base64url")),
    "not valid",
  ],
  ["ES256", await signed({}, ecdsa.privateKey, { alg: "ES256" }), "not valid"],
  ["another key", await signed({}, other.privateKey), "not valid"],
  [
    "unknown kid",
    await signed({}, real.privateKey, { kid: "nobody's" }),
    "names no key",
  ],
  ["no kid", await signed({}, real.privateKey, { kid: undefined }), "names no key"],
  [
    "kid is a number",
    spelled({ alg: "EdDSA", kid: 1 }, good.split(".")[2]),
    "names no key",
  ],
  [
    "other player, old signature",
    `${good.split(".")[0]}.${part(claims({ sub: "u-0" }))}.${good.split(".")[2]}`,
    "not valid",
  ],
  [
    "an unknown critical header",
    spelled({ alg: "EdDSA", kid: "k1", crit: ["x"], x: 1 }, good.split(".")[2]),
    "not valid",
  ],
  ["cut short", good.slice(0, -8), "not valid"],
  ["no token at all", "abc", "not valid"],
  ["two dots", "..", "not valid"],
  ["header is no object", `${part([])}.${part({})}.`, "not valid"],
];

const PROTECTED = [
  ["GET", "/account/currency"],
  ["HEAD", "/account/currency"],
  ["POST", "/account/buy-currency"],
  ["GET", "/gacha/history?limit=1"],
  ["POST", "/gacha/pull"],
];

/**
 * A gateway that checks tokens, and the services behind it; keys are served as long as
 * `keys` says.
 *
 * @param {TestContext} t
 * @param {() => object | null} [keys]
 */
async function checkingGateway(t, keys = () => ({ keys: [jwk] })) {
  const account = await fakeService(t, (seen, res) => {
    if (!seen.url.endsWith("/jwks.json")) return res.end("{}");
    const document = keys();
    if (document === null) return res.writeHead(503).end();
    return res
      .setHeader("Content-Type", "application/json")
      .end(JSON.stringify(document));
  });
  const gacha = await fakeService(t);
  const { port } = await startGateway(t, {
    account: [account.url],
    gacha: [gacha.url],
    tokens: TOKENS,
  });
  const requests = () => [...account.requests, ...gacha.requests];
  return {
    port,
    fetches: () => requests().filter(({ url }) => url.endsWith("/jwks.json")).length,
    passed: () => requests().filter(({ url }) => !url.endsWith("/jwks.json")),
  };
}

/** @param {string} token */
const bearer = (token) => ({ headers: { Authorization: `Bearer ${token}` } });

test("a good token passes, and the keys are fetched once", async (t) => {
  const { port, fetches, passed } = await checkingGateway(t);
  for (const [method, path] of PROTECTED) {
    const answer = await call(port, path, { method, ...bearer(good) });
    assert.equal(answer.status, 200, path);
  }
  assert.equal(
    (
      await call(port, "/gacha/history", {
        headers: { Authorization: `bearer  ${good}` },
      })
    ).status,
    200,
  );
  assert.equal(fetches(), 1);
  assert.equal(passed().length, PROTECTED.length + 1);
  assert.equal(passed()[0].headers.authorization, `Bearer ${good}`);
});

test("a bad token is a 401 as the services give it, and reaches none", async (t) => {
  const { port, passed } = await checkingGateway(t);
  for (const [what, token, why] of BAD) {
    for (const [method, path] of PROTECTED) {
      const answer = await call(port, path, { method, ...bearer(token) });
      assert.equal(answer.status, 401, what);
      assert.equal(answer.headers["www-authenticate"], 'Bearer error="invalid_token"');
      if (method === "HEAD") continue;
      assert.equal(answer.json.type, "/problems/invalid-token", what);
      assert.equal(answer.json.title, "Invalid token");
      assert.match(answer.json.detail, new RegExp(why), what);
    }
  }
  assert.deepEqual(passed(), []);
});

test("no token, or another scheme, is a 401 that says what to send", async (t) => {
  const { port, passed, fetches } = await checkingGateway(t);
  for (const authorization of [
    undefined,
    "",
    "Bearer",
    "Bearer ",
    good,
    `Basic ${good}`,
  ]) {
    const headers = authorization === undefined ? {} : { Authorization: authorization };
    const answer = await call(port, "/account/currency", { headers });
    assert.equal(answer.status, 401);
    assert.equal(answer.headers["www-authenticate"], "Bearer");
    assert.equal(answer.json.type, "/problems/missing-token");
    assert.match(answer.json.detail, /'Authorization: Bearer <token>'/);
  }
  assert.deepEqual([passed().length, fetches()], [0, 0]);
});

test("what is for everyone needs no token, and a bad one does no harm there", async (t) => {
  const { port } = await checkingGateway(t);
  for (const [method, path] of [
    ["GET", "/gacha/items"],
    ["POST", "/account/login"],
    ["GET", "/gacha/pull"],
    ["POST", "/account/payments/webhook"],
  ]) {
    const answer = await call(port, path, { method, ...bearer("abc") });
    assert.equal(answer.status, 200, path);
  }
});

test("without keys the service decides, and they are asked for once a second at most", async (t) => {
  const { port, fetches, passed } = await checkingGateway(t, () => null);
  for (const token of [good, "a.b.c", BAD[0][1]]) {
    await call(port, "/account/currency", bearer(token));
  }
  // "a.b.c" is no token, whatever the keys are.
  assert.equal(passed().length, 2);
  assert.equal(fetches(), 1);
});

test("a new key is found, invented ones are asked for once a second at most", async (t) => {
  const newer = { ...(await exportJWK(other.publicKey)), kid: "k2", alg: "EdDSA" };
  /** @type {object[]} */
  let keys = [jwk];
  const { port, fetches } = await checkingGateway(t, () => ({ keys }));
  assert.equal((await call(port, "/account/currency", bearer(good))).status, 200);
  const token = await signed({}, other.privateKey, { kid: "k2" });
  const invented = await signed({}, real.privateKey, { kid: "nobody's" });
  keys = [jwk, newer];
  for (let each = 0; each < 20; each++) {
    await call(port, "/account/currency", bearer(invented));
  }
  assert.ok(fetches() <= 2, `${fetches()} fetches`);
  let status = 0;
  while (status !== 200) {
    ({ status } = await call(port, "/account/currency", bearer(token)));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await until(() => fetches() >= 2, "the keys are fetched anew");
});

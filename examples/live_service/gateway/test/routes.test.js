import assert from "node:assert/strict";
import { test } from "node:test";
import { serviceFor } from "../src/routes.js";
import { call, fakeService, rawCall, startGateway } from "./fakes.js";

const HIDDEN = [
  "/internal/holds",
  "//internal/holds",
  "/account/internal/holds",
  "/account/INTERNAL/holds",
  "/account/../internal/holds",
  "/account/./login",
  "/account/..%2finternal/holds",
  "/account/%2e%2e/internal/holds",
  "/account/%2E%2E%2Finternal",
  "/account/%69nternal/holds",
  "/account/%2569nternal/holds",
  "/account//internal/holds",
  "/account\\..\\internal",
  "/account/..;/internal/holds",
  "/account;x=/internal",
  "//account/login",
  "/./account/login",
  "/Account/login",
  "/account",
  "/account/",
  "/account/login/",
  "/accounts/login",
  "/account/login#/internal",
  "/gacha/pull?a=#b",
  "http://127.0.0.1:1/internal/holds",
  "http://127.0.0.1:1/account/login",
  "*",
];

test("public addresses belong to the service they begin with", () => {
  assert.equal(serviceFor("/account/login"), "account");
  assert.equal(serviceFor("/account/.well-known/jwks.json"), "account");
  assert.equal(serviceFor("/gacha/pull"), "gacha");
  assert.equal(serviceFor("/gacha/items?banner=starter"), "gacha");
  assert.equal(serviceFor("/gacha/history?cursor=a%2Fb%3D/../?x"), "gacha");
  assert.equal(serviceFor("/account/internals"), "account");
});

for (const target of HIDDEN) {
  test(`${target} belongs to no service`, () => {
    assert.equal(serviceFor(target), null);
  });
}

test("hidden addresses are 404 problems and reach no service", async (t) => {
  const account = await fakeService(t);
  const gacha = await fakeService(t);
  const { port } = await startGateway(t, {
    account: [account.url],
    gacha: [gacha.url],
  });
  for (const target of HIDDEN) {
    const answer = await rawCall(
      port,
      `GET ${target} HTTP/1.1\r\nHost: game\r\nConnection: close\r\n\r\n`,
    );
    const [head, body] = answer.split("\r\n\r\n");
    assert.match(head, /^HTTP\/1\.1 404 /, target);
    assert.match(head, /content-type: application\/problem\+json/i, target);
    assert.equal(JSON.parse(body).type, "/problems/not-found", target);
  }
  assert.deepEqual(account.requests, []);
  assert.deepEqual(gacha.requests, []);
});

test("each service gets its own paths, with the query as it was sent", async (t) => {
  const account = await fakeService(t, (seen, res) => res.end(`account ${seen.url}`));
  const gacha = await fakeService(t, (seen, res) => res.end(`gacha ${seen.url}`));
  const { port } = await startGateway(t, {
    account: [account.url],
    gacha: [gacha.url],
  });
  const currency = await call(port, "/account/currency");
  assert.equal(currency.body, "account /account/currency");
  const history = await call(port, "/gacha/history?cursor=a%2Fb&limit=2&x=%00");
  assert.equal(history.body, "gacha /gacha/history?cursor=a%2Fb&limit=2&x=%00");
});

test("three instances take turns", async (t) => {
  const instances = await Promise.all(
    ["a", "b", "c"].map((name) => fakeService(t, (_seen, res) => res.end(name))),
  );
  const { port } = await startGateway(t, { gacha: instances.map(({ url }) => url) });
  let order = "";
  for (let i = 0; i < 7; i++) {
    order += (await call(port, "/gacha/banners")).body;
    await call(port, "/account/currency"); // has a turn of its own
  }
  assert.equal(order, "abcabca");
});

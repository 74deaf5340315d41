import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { call, startGateway } from "./fakes.js";

test("the contract is a page of files of the gateway's own", async (t) => {
  const { port } = await startGateway(t);
  const page = await call(port, "/docs");
  assert.equal(page.status, 200);
  assert.match(String(page.headers["content-type"]), /^text\/html/);
  const named = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(
    ([, path]) => path,
  );
  assert.equal(named.length, 4);
  for (const path of named) {
    assert.ok(path.startsWith("/docs/"), path);
    assert.equal((await call(port, path)).status, 200, path);
  }
  const file = await call(port, "/docs/openapi.yaml");
  const contract = new URL("../../api/openapi.yaml", import.meta.url);
  assert.equal(file.body, readFileSync(contract, "utf8"));
  assert.match(String(file.headers["content-type"]), /^application\/yaml/);
});

test("nothing else is read or written there", async (t) => {
  const { port } = await startGateway(t);
  for (const path of [
    "/docs/package.json",
    "/docs/../package.json",
    "/docs/%2e%2e/x",
  ]) {
    assert.equal((await call(port, path)).status, 404, path);
  }
  const written = await call(port, "/docs", { method: "POST", body: "x" });
  assert.equal(written.status, 405);
  assert.equal(written.headers.allow, "GET, HEAD");
});

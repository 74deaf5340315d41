import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { call, startGateway } from "./fakes.js";

/** @import { TestContext } from "node:test" */

/** @param {TestContext} t @param {Record<string, string>} files */
async function gatewayWithPage(t, files) {
  const webFolder = mkdtempSync(join(tmpdir(), "web-"));
  t.after(() => rmSync(webFolder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(webFolder, name), text);
  }
  return startGateway(t, { webFolder });
}

const PAGE = "<!doctype html><title>game</title>";
const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

test("a browser gets the page at /, and everyone else the list of addresses", async (t) => {
  const { port } = await gatewayWithPage(t, { "index.html": PAGE });
  const page = await call(port, "/", { headers: { Accept: BROWSER } });
  assert.equal(page.body, PAGE);
  assert.match(String(page.headers["content-type"]), /^text\/html; charset=utf-8$/i);
  assert.equal(page.headers.vary, "Accept");
  for (const headers of [{}, { Accept: "*/*" }, { Accept: "application/json" }]) {
    const index = await call(port, "/", { headers });
    assert.equal(index.json.name, "fairpull live service");
    assert.equal(index.headers.vary, "Accept");
  }
});

test("without a page a browser gets the list, too", async (t) => {
  const { port } = await gatewayWithPage(t, {});
  const index = await call(port, "/", { headers: { Accept: BROWSER } });
  assert.equal(index.json.name, "fairpull live service");
});

test("files have their type and an ETag that saves sending them again", async (t) => {
  const { port } = await gatewayWithPage(t, {
    "game.js": "let a;",
    "game.css": "p {}",
    "coin.svg": "<svg/>",
  });
  for (const [path, type] of [
    ["/web/game.js", /^text\/javascript/],
    ["/web/game.css", /^text\/css/],
    ["/web/coin.svg", /^image\/svg\+xml/],
  ]) {
    const first = await call(port, String(path));
    assert.equal(first.status, 200);
    assert.match(String(first.headers["content-type"]), /** @type {RegExp} */ (type));
    assert.equal(first.headers["cache-control"], "no-cache");
    const headers = { "If-None-Match": String(first.headers.etag) };
    const again = await call(port, String(path), { headers });
    assert.deepEqual([again.status, again.body], [304, ""]);
  }
});

test("what is no file of the page is not found, and nothing is written", async (t) => {
  const { port } = await gatewayWithPage(t, { "index.html": PAGE, ".env": "SECRET" });
  const paths = ["/web/", "/web", "/web/none.js", "/web/.env", "/web/../package.json"];
  for (const path of [
    ...paths,
    "/web/%2e%2e/package.json",
    "/web/..%2fpackage.json",
    "/web/%zz",
  ]) {
    const answer = await call(port, path);
    assert.equal(answer.status, 404, path);
    assert.equal(answer.json.type, "/problems/not-found", path);
  }
  const written = await call(port, "/web/index.html", { method: "PUT", body: "x" });
  assert.equal(written.status, 405);
  assert.equal(written.headers.allow, "GET, HEAD");
});

test("a page may load and reach what is of its own origin alone", async (t) => {
  const { port } = await gatewayWithPage(t, { "index.html": PAGE });
  const { headers } = await call(port, "/", { headers: { Accept: BROWSER } });
  const policy = String(headers["content-security-policy"]).split(";");
  for (const directive of [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "frame-ancestors 'none'",
  ]) {
    assert.ok(policy.includes(directive), directive);
  }
  assert.ok(!String(policy).includes("unsafe"));
  assert.ok(!String(policy).includes("upgrade-insecure-requests"));
});

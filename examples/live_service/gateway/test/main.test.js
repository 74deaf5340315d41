import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { call, fakeService, listen, until } from "./fakes.js";

/** @import { ServerResponse } from "node:http" */
/** @import { TestContext } from "node:test" */

const MAIN = fileURLToPath(new URL("../src/main.js", import.meta.url));

/**
 * @param {TestContext} t
 * @param {Record<string, string>} environment
 */
function run(t, environment) {
  const child = spawn(process.execPath, [MAIN], { env: environment });
  t.after(() => child.kill("SIGKILL"));
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => {
    output.stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    output.stderr += chunk;
  });
  return { child, output };
}

/**
 * @param {{child: import("node:child_process").ChildProcess, output: {stdout: string}}} process
 * @returns {Promise<number>}
 */
async function portOf({ child, output }) {
  const listening = () => output.stdout.includes('"listening"');
  await until(() => listening() || child.exitCode !== null, "it listens", 20_000);
  return JSON.parse(output.stdout.split("\n")[0]).port;
}

for (const signal of /** @type {const} */ (["SIGTERM", "SIGINT"])) {
  test(`on ${signal} the request that runs is answered and the exit is 0`, async (t) => {
    /** @type {ServerResponse | undefined} */
    let held;
    const gacha = await fakeService(t, (_seen, res) => {
      held = res;
    });
    const gateway = run(t, {
      PORT: "0",
      ACCOUNT_URLS: gacha.url,
      GACHA_URLS: gacha.url,
    });
    const port = await portOf(gateway);
    const running = call(port, "/gacha/items");
    await until(() => held !== undefined, "the request is at the service");
    const exit = once(gateway.child, "exit");
    gateway.child.kill(signal);
    await until(() => gateway.output.stdout.includes("finishing"), "it drains");
    await assert.rejects(call(port, "/livez"), { code: "ECONNREFUSED" });
    held?.end("done");
    assert.equal((await running).body, "done");
    assert.deepEqual(await exit, [0, null]);
  });
}

test("what outlasts DRAIN_LIMIT_MS is cut off and the exit is 1", async (t) => {
  const gacha = await fakeService(t, () => {});
  const gateway = run(t, {
    PORT: "0",
    ACCOUNT_URLS: gacha.url,
    GACHA_URLS: gacha.url,
    DRAIN_LIMIT_MS: "20",
  });
  const stuck = call(await portOf(gateway), "/gacha/items");
  const cut = assert.rejects(stuck, { code: "ECONNRESET" });
  await until(() => gacha.requests.length === 1, "the request is at the service");
  const exit = once(gateway.child, "exit");
  gateway.child.kill("SIGTERM");
  await cut;
  assert.deepEqual(await exit, [1, null]);
});

test("a taken port and a wrong setting are told in one line", async (t) => {
  const urls = { ACCOUNT_URLS: "http://127.0.0.1:1", GACHA_URLS: "http://127.0.0.1:1" };
  const taken = createServer();
  const port = await listen(taken);
  t.after(() => taken.close());
  const second = run(t, { ...urls, PORT: String(port) });
  assert.deepEqual(await once(second.child, "close"), [1, null]);
  assert.equal(
    second.output.stderr,
    `gateway: port ${port} of 127.0.0.1 is taken; PORT chooses another\n`,
  );
  const wrong = run(t, { ...urls, PORT: "many" });
  assert.deepEqual(await once(wrong.child, "close"), [1, null]);
  assert.equal(
    wrong.output.stderr,
    'gateway: PORT must be an integer from 0 to 65535, not "many"\n',
  );
});

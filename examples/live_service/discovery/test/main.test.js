import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { connect, GACHA, TOKEN } from "./fakes.js";

/** @import { AddressInfo } from "node:net" */
/** @import { TestContext } from "node:test" */

const MAIN = fileURLToPath(new URL("../src/main.js", import.meta.url));

/** @param {TestContext} t @param {string} text */
function tokenFile(t, text) {
  const folder = mkdtempSync(join(tmpdir(), "discovery-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "token"), text);
  return join(folder, "token");
}

/** @param {TestContext} t @param {Record<string, string>} environment */
function run(t, environment) {
  const child = spawn(process.execPath, [MAIN], { env: environment });
  t.after(() => child.kill("SIGKILL"));
  const output = { stdout: "", stderr: "" };
  for (const name of /** @type {const} */ (["stdout", "stderr"])) {
    child[name].on("data", (chunk) => {
      output[name] += chunk;
    });
  }
  return { child, output };
}

for (const signal of /** @type {const} */ (["SIGTERM", "SIGINT"])) {
  test(`it serves until ${signal}, and then ends with 0`, async (t) => {
    const { child, output } = run(t, {
      PORT: "0",
      OPERATION_PORT: "0",
      SERVICE_TOKEN_FILE: tokenFile(t, `${TOKEN}\n`),
    });
    while (!output.stdout.includes('"listening"')) await once(child.stdout, "data");
    const { port } = JSON.parse(output.stdout.split("\n")[0]);
    const { call, watch } = connect(t, port);
    await call("register", { instance: GACHA });
    const stream = watch();
    await stream.next();
    const exit = once(child, "exit");
    child.kill(signal);
    await assert.rejects(stream.next());
    assert.deepEqual(await exit, [0, null]);
    assert.ok(!output.stdout.includes(TOKEN));
  });
}

test("a setting or a port that can't be used is told in one line", async (t) => {
  const taken = createServer();
  taken.listen(0, "127.0.0.1");
  await once(taken, "listening");
  t.after(() => taken.close());
  const { port } = /** @type {AddressInfo} */ (taken.address());
  const right = {
    PORT: "0",
    OPERATION_PORT: "0",
    SERVICE_TOKEN_FILE: tokenFile(t, TOKEN),
  };
  const short = tokenFile(t, "short");
  /** @type {[Record<string, string>, string][]} */
  const cases = [
    [
      { PORT: `${port}` },
      `port ${port} of 127.0.0.1 can't be used; PORT chooses another`,
    ],
    [
      { OPERATION_PORT: `${port}` },
      `port ${port} of 127.0.0.1 is taken; OPERATION_PORT chooses another`,
    ],
    [{ PORT: "many" }, 'PORT must be an integer from 0 to 65535, not "many"'],
    [{ LEASE_MS: "99" }, 'LEASE_MS must be an integer from 100 to 600000, not "99"'],
    [{ MOST_LEASES: "0" }, 'MOST_LEASES must be an integer from 1 to 100000, not "0"'],
    [
      { SERVICE_TOKEN_FILE: short },
      `SERVICE_TOKEN_FILE: ${short} must hold at least 32 characters`,
    ],
    [
      { SERVICE_TOKEN_FILE: "/nowhere" },
      "SERVICE_TOKEN_FILE: /nowhere can't be read (ENOENT)",
    ],
    [
      { SERVICE_TOKEN_FILE: "" },
      "SERVICE_TOKEN_FILE is not set; set it, for instance to " +
        "/var/lib/fairpull/service-token",
    ],
    [
      { LOG_LEVEL: "loud" },
      'LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent, not "loud"',
    ],
  ];
  const ended = cases.map(async ([change, message]) => {
    const { child, output } = run(t, { ...right, ...change });
    assert.deepEqual(await once(child, "close"), [1, null]);
    assert.equal(output.stderr, `discovery: ${message}\n`);
  });
  await Promise.all(ended);
});

// In a file of its own, as it has to wait for a limit of ten seconds.

import assert from "node:assert/strict";
import { test } from "node:test";
import { rawCall, startGateway } from "./fakes.js";

test("a head that does not come to its end is a 408 soon after ten seconds", async (t) => {
  const { port } = await startGateway(t);
  const start = performance.now();
  const answer = await rawCall(port, "GET /livez HTTP/1.1\r\nHost: game\r\n");
  assert.match(answer, /^HTTP\/1\.1 408 /);
  assert.match(answer, /"type":"\/problems\/request-timeout"/);
  assert.ok(performance.now() - start < 20_000, "the limit is looked after often");
});

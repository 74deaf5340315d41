import assert from "node:assert/strict";
import { test } from "node:test";
import { joinTrace } from "../src/traceparent.js";
import { call, fakeService, startGateway } from "./fakes.js";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

test("a client's trace goes on unchanged", () => {
  for (const traceparent of [
    `00-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-00`,
    `cc-${TRACE}-${SPAN}-01-what-the-future-brings`,
  ]) {
    const headers = { traceparent, tracestate: "a=1" };
    assert.equal(joinTrace(headers), TRACE);
    assert.deepEqual(headers, { traceparent, tracestate: "a=1" });
  }
});

test("without a trace, or with one that is none, there is a new one", () => {
  for (const traceparent of [
    undefined,
    "",
    TRACE,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${"0".repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${"0".repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`,
  ]) {
    const headers = { traceparent, tracestate: "a=1" };
    const trace = joinTrace(headers);
    assert.notEqual(trace, TRACE);
    assert.match(`${headers.traceparent}`, new RegExp(`^00-${trace}-[0-9a-f]{16}-01$`));
    assert.match(trace, /^[0-9a-f]{32}$/);
    assert.equal("tracestate" in headers, false);
  }
});

test("the service is told of the trace", async (t) => {
  const gacha = await fakeService(t);
  const { port } = await startGateway(t, { gacha: [gacha.url] });
  const traceparent = `00-${TRACE}-${SPAN}-01`;
  await call(port, "/gacha/items", { headers: { traceparent } });
  await call(port, "/gacha/items");
  assert.equal(gacha.requests[0].headers.traceparent, traceparent);
  assert.match(
    `${gacha.requests[1].headers.traceparent}`,
    /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/,
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { routeOf } from "../src/metrics.js";
import { AWAY, call, fakeService, startGateway } from "./fakes.js";

test("routes have few names, whatever clients ask for", () => {
  assert.equal(routeOf("/gacha/pull"), "/gacha/pull");
  assert.equal(routeOf("/gacha/socket"), "/gacha/socket");
  assert.equal(routeOf("/web/game.js"), "/web");
  assert.equal(routeOf("/docs/start.js"), "/docs");
  assert.equal(routeOf("/gacha/pull/x"), "other");
  assert.equal(routeOf("/gacha/Pull"), "other");
});

test("requests, tries, retries, limits and breakers can be read off", async (t) => {
  const gacha = await fakeService(t);
  const { port } = await startGateway(t, {
    gacha: [AWAY, gacha.url],
    limits: {
      perAddress: { most: 21, windowMs: 60_000 },
      perPlayer: null,
      redisUrl: null,
    },
  });
  for (let each = 0; each < 20; each++) await call(port, "/gacha/items");
  await call(port, "/gacha/else", { method: "BREW" }).catch(() => {});
  await call(port, "/gacha/else");
  await call(port, "/gacha/items", { method: "POST" });
  const { headers, body } = await call(port, "/metrics");
  assert.match(String(headers["content-type"]), /^text\/plain/);
  const lines = body.split("\n");
  for (const line of [
    'gateway_requests_total{route="/gacha/items",method="GET",status="200"} 20',
    'gateway_requests_total{route="/gacha/items",method="POST",status="429"} 1',
    'gateway_requests_total{route="other",method="GET",status="200"} 1',
    'gateway_request_seconds_count{route="/gacha/items"} 21',
    `gateway_upstream_requests_total{service="gacha",instance="${gacha.url}",outcome="answered"} 21`,
    `gateway_upstream_requests_total{service="gacha",instance="${AWAY}",outcome="unreachable"} 5`,
    'gateway_retries_total{service="gacha"} 5',
    'gateway_rate_limited_total{by="address"} 1',
    `gateway_breaker_state{service="gacha",instance="${AWAY}"} 2`,
    `gateway_breaker_state{service="gacha",instance="${gacha.url}"} 0`,
    "gateway_sockets_open 0",
  ]) {
    assert.ok(lines.includes(line), `${line} is missing in\n${body}`);
  }
  assert.ok(!body.includes("gateway_discovery"), "nobody watches");
});

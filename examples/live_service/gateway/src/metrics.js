// What can be counted about the gateway, for Prometheus.

import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { stateOf } from "./breaker.js";
import { INDEX } from "./index_page.js";
import { SOCKET_PATH } from "./routes.js";

/**
 * @import { DiscoveryWatch } from "./discovery_watch.js"
 * @import { Instances } from "./instances.js"
 * @import { SocketPass } from "./socket_pass.js"
 */

const BREAKER_STATES = { closed: 0, "half-open": 1, open: 2 };
const ROUTES = new Set([...INDEX.endpoints.map(({ path }) => path), SOCKET_PATH]);
// From what a cached answer takes to beyond the longest budget.
const SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/**
 * The name that a request is counted under: one of few, whatever clients ask for.
 *
 * @param {string} path
 */
export function routeOf(path) {
  if (ROUTES.has(path)) return path;
  if (path.startsWith("/web/")) return "/web";
  return path.startsWith("/docs/") ? "/docs" : "other";
}

/**
 * @param {{
 *   instances: Record<string, Instances>,
 *   sockets: SocketPass,
 *   watch: DiscoveryWatch | null,
 * }} parts
 */
export function createMetrics({ instances, sockets, watch }) {
  const registry = new Registry();
  const registers = [registry];
  /** @param {string} name @param {string} help @param {() => number} value */
  const gauge = (name, help, value) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  gauge("gateway_sockets_open", "Open WebSockets.", () => sockets.size);
  if (watch) {
    gauge("gateway_discovery_revision", "As told last.", () => watch.revision);
    gauge(
      "gateway_discovery_age_seconds",
      "For how long discovery has been away; 0 while it is watched.",
      () => watch.ageMs / 1_000,
    );
  }
  new Gauge({
    name: "gateway_breaker_state",
    help: "Of each instance: 0 closed, 1 half-open, 2 open.",
    labelNames: ["service", "instance"],
    registers,
    collect() {
      this.reset();
      for (const [service, { all }] of Object.entries(instances)) {
        for (const { address, breaker } of all) {
          const state = BREAKER_STATES[stateOf(breaker)];
          this.set({ service, instance: address }, state);
        }
      }
    },
  });
  return {
    registry,
    requests: new Counter({
      name: "gateway_requests_total",
      help: "Answered requests; status 0 is one that was broken off.",
      labelNames: ["route", "method", "status"],
      registers,
    }),
    seconds: new Histogram({
      name: "gateway_request_seconds",
      help: "From a request's head to the end of its answer, WebSockets not counted.",
      labelNames: ["route"],
      buckets: SECONDS,
      registers,
    }),
    upstream: new Counter({
      name: "gateway_upstream_requests_total",
      help: "Tries at an instance and what became of them.",
      labelNames: ["service", "instance", "outcome"],
      registers,
    }),
    retries: new Counter({
      name: "gateway_retries_total",
      help: "Tries at another instance.",
      labelNames: ["service"],
      registers,
    }),
    limited: new Counter({
      name: "gateway_rate_limited_total",
      help: "Requests that came too often.",
      labelNames: ["by"],
      registers,
    }),
    socketsRefused: new Counter({
      name: "gateway_sockets_refused_total",
      help: "WebSockets refused as there were too many, in all or from the address.",
      labelNames: ["by"],
      registers,
    }),
  };
}

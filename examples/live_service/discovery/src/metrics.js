// What can be counted about discovery, for Prometheus.

import { Counter, Gauge, Registry } from "prom-client";

/** @import { LeaseTable } from "./lease_table.js" */

/** @param {LeaseTable} table */
export function createMetrics(table) {
  const registry = new Registry();
  const registers = [registry];
  new Gauge({
    name: "discovery_instances",
    help: "Instances that are there.",
    labelNames: ["service"],
    registers,
    collect() {
      this.reset();
      for (const { service } of table.instances()) this.inc({ service });
    },
  });
  new Gauge({
    name: "discovery_leases",
    help: "Leases, of which an instance has one for each process that serves it.",
    registers,
    collect() {
      this.set(table.leaseCount);
    },
  });
  new Gauge({
    name: "discovery_revision",
    help: "Changes since the start.",
    registers,
    collect() {
      this.set(table.revision);
    },
  });
  new Gauge({
    name: "discovery_self_preservation",
    help: "1 while instances are kept although most heartbeats have stopped.",
    registers,
    collect() {
      this.set(table.preserving ? 1 : 0);
    },
  });
  return {
    registry,
    expelled: new Counter({
      name: "discovery_expelled_total",
      help: "Instances whose leases were over.",
      labelNames: ["service"],
      registers,
    }),
    calls: new Counter({
      name: "discovery_calls_total",
      help: "Calls by method and gRPC status.",
      labelNames: ["method", "status"],
      registers,
    }),
    watchers: new Gauge({
      name: "discovery_watchers",
      help: "Open Watch streams.",
      registers,
    }),
  };
}

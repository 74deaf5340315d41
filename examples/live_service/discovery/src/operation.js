// The addresses for whoever operates discovery: /livez, /readyz and /metrics.

import { createServer } from "node:http";

/** @import { Registry } from "prom-client" */

/**
 * @param {{registry: Registry, isReady: () => boolean}} options
 */
export function createOperationServer({ registry, isReady }) {
  return createServer(async (req, res) => {
    if (req.method !== "GET" && req.method !== "HEAD") {
      res.writeHead(405, { Allow: "GET, HEAD" }).end();
    } else if (req.url === "/livez") {
      sendJson(200, { status: "ok" });
    } else if (req.url === "/readyz") {
      const ready = isReady();
      sendJson(ready ? 200 : 503, { status: ready ? "ready" : "stopping" });
    } else if (req.url === "/metrics") {
      res.setHeader("Content-Type", registry.contentType);
      res.end(await registry.metrics());
    } else {
      res.writeHead(404).end();
    }

    /** @param {number} status @param {object} body */
    function sendJson(status, body) {
      res.writeHead(status, { "Content-Type": "application/json" });
      res.end(JSON.stringify(body));
    }
  });
}

// The least that a gateway can be: Express and http-proxy-middleware, and no more.
//
//   node proxy.js PORT http://127.0.0.1:9000

import { Agent } from "node:http";
import express from "express";
import { createProxyMiddleware } from "http-proxy-middleware";

const [port, target] = process.argv.slice(2);
const app = express();
const agent = new Agent({ keepAlive: true });
app.get("/livez", (_request, response) => response.end());
app.use(createProxyMiddleware({ target, agent }));
app.listen(Number(port), "127.0.0.1");

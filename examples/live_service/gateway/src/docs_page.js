// `/docs`: the HTTP contract as a page, from files of this machine alone.

import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import express from "express";
import { sendProblem } from "./problems.js";

/** @import { Response } from "express" */

const CONTRACT = fileURLToPath(new URL("../../api/openapi.yaml", import.meta.url));
const FOLDER = fileURLToPath(new URL("../docs", import.meta.url));
const RENDERER = dirname(
  createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"),
);

/** @type {Record<string, [folder: string, file: string]>} */
const FILES = {
  "/": [FOLDER, "index.html"],
  "/start.js": [FOLDER, "start.js"],
  "/swagger-ui.css": [RENDERER, "swagger-ui.css"],
  "/swagger-ui-bundle.js": [RENDERER, "swagger-ui-bundle.js"],
};

export function docsPage() {
  const router = express.Router();
  for (const [path, [root, file]] of Object.entries(FILES)) {
    router.get(path, (_req, res) => sendFile(res, root, file));
  }
  router.get("/openapi.yaml", (_req, res) => {
    res.type("application/yaml");
    sendFile(res, dirname(CONTRACT), "openapi.yaml");
  });
  router.use((req, res, next) => {
    if (req.method === "GET" || req.method === "HEAD") return next();
    res.setHeader("Allow", "GET, HEAD");
    const detail = `files are read with GET, not with ${req.method}`;
    return sendProblem(res, "method-not-allowed", detail);
  });
  return router;
}

/** @param {Response} res @param {string} root @param {string} file */
function sendFile(res, root, file) {
  res.setHeader("Cache-Control", "no-cache");
  res.sendFile(file, { root, cacheControl: false });
}

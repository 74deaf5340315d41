// The game's page: the files of ../../web, and who gets it at the address `/`.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import express from "express";
import { INDEX } from "./index_page.js";
import { sendProblem } from "./problems.js";

/** @import { NextFunction, Request, Response } from "express" */

export const WEB_FOLDER = fileURLToPath(new URL("../../web", import.meta.url));

/**
 * The files below `/web/`. They are asked for anew each time and sent only if they
 * have changed (ETag).
 *
 * @param {string} folder
 */
export function webFiles(folder) {
  const files = express.static(folder, {
    cacheControl: false,
    dotfiles: "ignore",
    index: false,
    redirect: false,
    setHeaders: (res) => res.setHeader("Cache-Control", "no-cache"),
  });
  /** @param {Request} req @param {Response} res @param {NextFunction} next */
  return (req, res, next) => {
    if (req.method === "GET" || req.method === "HEAD") return files(req, res, next);
    res.setHeader("Allow", "GET, HEAD");
    const detail = `files are read with GET, not with ${req.method}`;
    return sendProblem(res, "method-not-allowed", detail);
  };
}

/**
 * Answers `/`: a browser gets the page, where there is one; whoever asks for JSON, or for
 * nothing in particular, the list of addresses.
 *
 * @param {string} folder
 */
export function frontPage(folder) {
  /** @param {Response} res @param {Request} req */
  return (res, req) => {
    res.vary("Accept");
    const wantsPage = req.accepts(["json", "html"]) === "html";
    if (wantsPage && existsSync(`${folder}/index.html`)) {
      res.setHeader("Cache-Control", "no-cache");
      res.sendFile("index.html", { root: folder, cacheControl: false });
    } else {
      res.json(INDEX);
    }
  };
}

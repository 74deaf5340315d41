// What the gateway answers itself, besides files.

import { sendProblem } from "./problems.js";

/** @import { Application, Request, Response } from "express" */

/**
 * An address that is read and nothing else.
 *
 * @param {Application} app
 * @param {string} path
 * @param {(res: Response, req: Request) => unknown} answer
 */
export function ownAddress(app, path, answer) {
  app.get(path, (req, res) => answer(res, req));
  app.all(path, (req, res) => {
    res.setHeader("Allow", "GET, HEAD");
    sendProblem(
      res,
      "method-not-allowed",
      `${path} is read with GET, not with ${req.method}`,
    );
  });
}

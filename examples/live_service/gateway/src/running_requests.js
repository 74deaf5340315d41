// Which requests are being carried out, by the connection they came on.

/**
 * @import { IncomingMessage, ServerResponse } from "node:http"
 * @import { Duplex } from "node:stream"
 */

export class RunningRequests {
  /** @type {WeakMap<Duplex, Set<IncomingMessage>>} */
  #bySocket = new WeakMap();

  /**
   * @param {IncomingMessage} req
   * @param {ServerResponse} res
   */
  add(req, res) {
    const requests = this.#bySocket.get(req.socket) ?? new Set();
    this.#bySocket.set(req.socket, requests.add(req));
    res.once("close", () => requests.delete(req));
  }

  /**
   * Whether a request that arrived whole on `socket` still waits for its answer.
   * Until it has one, whatever else is written there would be taken for it.
   *
   * @param {Duplex} socket
   */
  anyOn(socket) {
    const requests = [...(this.#bySocket.get(socket) ?? [])];
    return requests.some((req) => req.complete);
  }
}

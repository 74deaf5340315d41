// What goes wrong, in plain words. The services answer problem documents (RFC 9457); here
// is what a player is told of each.

import { amount, timeIn } from "./format.js";

/**
 * @typedef {object} ProblemDocument
 * @property {string} type
 * @property {string} detail
 * @property {string} [requestId]
 * @property {{name: string, message: string}[]} [errors]
 * @property {number} [price]
 * @property {number} [balance]
 * @property {string | null} [opensAt]
 * @property {string | null} [closesAt]
 * @property {string} [timeZone]
 */

/** An answer that is an error. */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {ProblemDocument} document
   * @param {number} waitS what Retry-After says, or 0
   */
  constructor(status, document, waitS = 0) {
    super(inWords(document));
    this.status = status;
    this.document = document;
    this.waitS = waitS;
  }

  get type() {
    return this.document.type;
  }

  /** What is wrong with which field, by the field's name. */
  get fields() {
    const errors = this.document.errors ?? [];
    return new Map(
      errors.map(({ name, message }) => [name.replace(/^\//, ""), message]),
    );
  }
}

/** No answer came, so that what was asked for may have happened or not. */
export class NoAnswer extends Error {
  constructor() {
    super("The game can't be reached. Check your connection.");
  }
}

/**
 * Whether the error is that the player's login is over, or that its token is.
 *
 * @param {unknown} error
 */
export function isLoginOver(error) {
  if (!(error instanceof Problem) || error.status !== 401) return false;
  return error.type !== "/problems/wrong-credentials";
}

/** @type {Record<string, (document: ProblemDocument) => string>} */
const WORDS = {
  "insufficient-funds": ({ price = 0, balance = 0 }) =>
    `This costs ${amount(price)} crystals and you have ${amount(balance)}.`,
  "wrong-price": ({ price = 0 }) =>
    `The price is ${amount(price)} crystals now. Look at the banner again.`,
  "wrong-credentials": () => "User name or password is wrong.",
  "missing-token": () => "Please log in.",
  "invalid-token": () => "Your login is over. Please log in again.",
  "invalid-refresh-token": () => "Your login is over. Please log in again.",
  "username-taken": () => "This user name is taken. Choose another.",
  "unknown-banner": () => "This banner is not there any more.",
  "banner-closed": ({ opensAt, closesAt, timeZone = "UTC" }) => {
    if (opensAt && new Date(opensAt) > new Date())
      return `This banner opens at ${timeIn(opensAt, timeZone)}.`;
    return closesAt
      ? `This banner closed at ${timeIn(closesAt, timeZone)}.`
      : "This banner is closed.";
  },
  "pull-abandoned": () => "The pull was given up, and nothing was charged. Pull again.",
  "balance-limit": () => "You can't hold more crystals than that.",
  "payment-declined": () => "The payment was declined, and nothing was charged.",
  "payment-refunded": () => "The payment was given back, and nothing was bought.",
  "too-many-requests": () => "That was too much at once. Wait a little.",
  "service-unavailable": () => "The game is busy. Try again in a moment.",
  "gateway-timeout": () => "The game took too long to answer.",
  "bad-gateway": () => "The game broke off. Try again.",
  "internal-error": ({ requestId }) =>
    `Something went wrong in the game. Its log knows it as ${requestId}.`,
};

/** @param {ProblemDocument} document */
function inWords(document) {
  const kind = document.type.split("/").at(-1) ?? "";
  if (Object.hasOwn(WORDS, kind)) return WORDS[kind](document);
  const { detail } = document;
  return detail.charAt(0).toUpperCase() + detail.slice(1);
}

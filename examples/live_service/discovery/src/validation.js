// What may be registered, and what a client is told that sends something else.

/** @import { Instance } from "./lease_table.js" */

const SERVICE = /^[a-z][a-z0-9-]{0,62}$/;
const LONGEST_ADDRESS = 255;
const SHOWN = 60;

/** A message that says what was wrong and what would be right. */
export class InvalidArgument extends Error {}

/**
 * @param {Partial<Instance> | null | undefined} sent
 * @returns {Instance}
 */
export function instanceFrom(sent) {
  const service = sent?.service ?? "";
  const address = sent?.address ?? "";
  if (!SERVICE.test(service)) {
    throw new InvalidArgument(
      "instance.service must be 1 to 63 characters of a-z 0-9 - that begin with a " +
        `letter, like gacha, not ${shown(service)}`,
    );
  }
  const origin = originOf(address);
  if (origin === null) {
    throw new InvalidArgument(
      "instance.address must be scheme, host and port and nothing else, like " +
        `http://127.0.0.1:9001, not ${shown(address)}`,
    );
  }
  return { service, address: origin };
}

/**
 * @param {string | undefined} sent
 * @returns {string} a service's name, or "" for all services
 */
export function serviceFrom(sent = "") {
  if (sent === "" || SERVICE.test(sent)) return sent;
  throw new InvalidArgument(
    `service must be empty, for all, or a name like gacha, not ${shown(sent)}`,
  );
}

/**
 * @param {string | undefined} sent
 * @returns {string}
 */
export function leaseFrom(sent = "") {
  if (sent !== "") return sent;
  throw new InvalidArgument("lease_id must be what Register answered; it is empty");
}

/**
 * In its one spelling, so that no instance is there twice; null if it is no address.
 *
 * @param {string} text
 */
function originOf(text) {
  if (text.length > LONGEST_ADDRESS || !URL.canParse(text)) return null;
  const url = new URL(text);
  const plain = url.protocol === "http:" && url.href === `${url.origin}/`;
  return plain ? url.origin : null;
}

/** @param {string} text */
function shown(text) {
  return JSON.stringify(text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
}

// Discovery's settings, read from the environment.

import { readFileSync } from "node:fs";

/**
 * @typedef {object} Settings
 * @property {string} host
 * @property {number} port for gRPC; 0 is any free port
 * @property {number} operationPort for /livez, /readyz and /metrics
 * @property {string} token
 * @property {number} leaseMs
 * @property {number} mostLeases
 * @property {number} drainLimitMs
 * @property {string} logLevel
 */

export const DEFAULT_LEASE_MS = 10_000;
export const DEFAULT_MOST_LEASES = 1_000;

const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];
// As in ../../shared_http/settings.py, which reads the same file.
const SHORTEST_TOKEN = 32;

/** A setting that can't be used; the message names it and says what would be right. */
export class SettingError extends Error {}

/**
 * @param {NodeJS.ProcessEnv} environment
 * @returns {Settings}
 */
export function readSettings(environment) {
  /** @param {string} name @param {number} fallback @param {number} least @param {number} most */
  const integer = (name, fallback, least, most) => {
    const text = environment[name] ?? String(fallback);
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new SettingError(
      `${name} must be an integer from ${least} to ${most}, not "${text}"`,
    );
  };
  const logLevel = environment.LOG_LEVEL ?? "info";
  if (!LOG_LEVELS.includes(logLevel)) {
    throw new SettingError(
      `LOG_LEVEL must be one of ${LOG_LEVELS.join(", ")}, not "${logLevel}"`,
    );
  }
  return {
    host: environment.HOST ?? "127.0.0.1",
    port: integer("PORT", 50_051, 0, 65_535),
    operationPort: integer("OPERATION_PORT", 50_052, 0, 65_535),
    token: readToken(environment.SERVICE_TOKEN_FILE),
    leaseMs: integer("LEASE_MS", DEFAULT_LEASE_MS, 100, 600_000),
    mostLeases: integer("MOST_LEASES", DEFAULT_MOST_LEASES, 1, 100_000),
    drainLimitMs: integer("DRAIN_LIMIT_MS", 5_000, 1, 600_000),
    logLevel,
  };
}

/** @param {string | undefined} file */
function readToken(file) {
  if (!file) {
    throw new SettingError(
      "SERVICE_TOKEN_FILE is not set; set it, for instance to " +
        "/var/lib/fairpull/service-token",
    );
  }
  let token = "";
  try {
    token = readFileSync(file, "utf8").trim();
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    throw new SettingError(`SERVICE_TOKEN_FILE: ${file} can't be read (${code})`);
  }
  if (token.length >= SHORTEST_TOKEN) return token;
  throw new SettingError(
    `SERVICE_TOKEN_FILE: ${file} must hold at least ${SHORTEST_TOKEN} characters`,
  );
}

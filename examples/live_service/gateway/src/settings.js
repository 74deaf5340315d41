// The gateway's settings, read from the environment.

import { readFileSync } from "node:fs";

/**
 * @typedef {object} Settings
 * @property {string} host
 * @property {number} port 0 is any free port
 * @property {string[]} account known from the start
 * @property {string[]} gacha the same
 * @property {DiscoverySettings | null} discovery who tells of others, if anybody does
 * @property {number} requestBudgetMs
 * @property {number} pullBudgetMs
 * @property {number} drainLimitMs
 * @property {TokenSettings} tokens
 * @property {LimitSettings} limits
 * @property {SocketSettings} sockets
 * @property {string} logLevel
 */

/**
 * @typedef {{target: string, token: string}} DiscoverySettings
 * @typedef {{issuer: string, audience: string}} TokenSettings who signs players' tokens,
 *   and for whom
 * @typedef {{most: number, windowMs: number}} Rate
 * @typedef {object} LimitSettings
 * @property {Rate | null} perAddress null is no limit
 * @property {Rate | null} perPlayer
 * @property {string | null} redisUrl where gateways count together
 * @typedef {object} SocketSettings how many may be open
 * @property {number} most in all
 * @property {number | null} perAddress null is no limit
 */

// Longer than a service waits for a busy storage (5 s), so that a client learns from
// it that nothing was done, and not from the gateway that nobody knows.
export const DEFAULT_REQUEST_BUDGET_MS = 8_000;
export const DEFAULT_PULL_BUDGET_MS = 10_000;

// Each is two connections and so two open files, of which systems often allow a process
// some ten thousand. Many players may share one address.
/** @type {SocketSettings} */
export const DEFAULT_SOCKETS = { most: 4_000, perAddress: 200 };

const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];

/** A setting that can't be used; the message names it and says what would be right. */
export class SettingError extends Error {}

/**
 * @param {NodeJS.ProcessEnv} environment
 * @returns {Settings}
 */
export function readSettings(environment) {
  /**
   * @param {string} name
   * @param {number} fallback
   * @param {number} least
   * @param {number} most
   * @param {string} [others] that it may be
   */
  const integer = (name, fallback, least, most, others = "") => {
    const text = environment[name] ?? String(fallback);
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new SettingError(
      `${name} must be an integer from ${least} to ${most}${others}, not "${text}"`,
    );
  };
  const logLevel = environment.LOG_LEVEL ?? "info";
  if (!LOG_LEVELS.includes(logLevel)) {
    throw new SettingError(
      `LOG_LEVEL must be one of ${LOG_LEVELS.join(", ")}, not "${logLevel}"`,
    );
  }
  const discovery = readDiscovery(environment);
  const optional = discovery !== null;
  return {
    host: environment.HOST ?? "127.0.0.1",
    port: integer("PORT", 8080, 0, 65_535),
    account: addresses("ACCOUNT_URLS", environment.ACCOUNT_URLS, { optional }),
    gacha: addresses("GACHA_URLS", environment.GACHA_URLS, { optional }),
    discovery,
    requestBudgetMs: integer(
      "REQUEST_BUDGET_MS",
      DEFAULT_REQUEST_BUDGET_MS,
      1,
      600_000,
    ),
    pullBudgetMs: integer("PULL_BUDGET_MS", DEFAULT_PULL_BUDGET_MS, 1, 600_000),
    drainLimitMs: integer("DRAIN_LIMIT_MS", 8_000, 1, 600_000),
    tokens: {
      issuer: environment.JWT_ISSUER || "fairpull-account",
      audience: environment.JWT_AUDIENCE || "fairpull-game",
    },
    limits: {
      perAddress: rate(
        "RATE_PER_ADDRESS",
        environment.RATE_PER_ADDRESS,
        "30000/minute",
      ),
      perPlayer: rate("RATE_PER_PLAYER", environment.RATE_PER_PLAYER, "6000/minute"),
      redisUrl: redisUrl(environment.REDIS_URL),
    },
    sockets: {
      most: integer("MOST_SOCKETS", DEFAULT_SOCKETS.most, 1, 1_000_000),
      perAddress:
        environment.SOCKETS_PER_ADDRESS === "off"
          ? null
          : integer(
              "SOCKETS_PER_ADDRESS",
              /** @type {number} */ (DEFAULT_SOCKETS.perAddress),
              1,
              1_000_000,
              ", or off",
            ),
    },
    logLevel,
  };
}

/** @type {Record<string, number>} */
const UNITS_MS = { second: 1_000, minute: 60_000, hour: 3_600_000 };

/**
 * @param {string} name
 * @param {string | undefined} text
 * @param {string} fallback
 * @returns {Rate | null}
 */
function rate(name, text, fallback) {
  const given = text || fallback;
  if (given === "off") return null;
  const match = /^([1-9]\d{0,8})\/(second|minute|hour)$/.exec(given);
  if (match) return { most: Number(match[1]), windowMs: UNITS_MS[match[2]] };
  throw new SettingError(
    `${name} must be like 600/minute (or second, hour), or off, not "${given}"`,
  );
}

/** @param {string | undefined} text it may hold a password, and is not repeated */
function redisUrl(text) {
  if (!text) return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  const plain = url && /^(\/\d*)?$/.test(url.pathname) && !url.search && !url.hash;
  if (plain && url.protocol === "redis:" && !text.includes(",")) return text;
  throw new SettingError(
    "REDIS_URL must be redis://[user:password@]host[:port][/database], one host",
  );
}

/**
 * @param {NodeJS.ProcessEnv} environment
 * @returns {DiscoverySettings | null}
 */
function readDiscovery({ DISCOVERY_URL, SERVICE_TOKEN_FILE }) {
  if (!DISCOVERY_URL) return null;
  const url = URL.canParse(DISCOVERY_URL) ? new URL(DISCOVERY_URL) : null;
  if (url?.protocol !== "grpc:" || !url.port || url.href !== `grpc://${url.host}`) {
    throw new SettingError(
      `DISCOVERY_URL must be like grpc://127.0.0.1:50051, not "${DISCOVERY_URL}"`,
    );
  }
  if (!SERVICE_TOKEN_FILE) {
    throw new SettingError("DISCOVERY_URL needs SERVICE_TOKEN_FILE, the credential");
  }
  try {
    const token = readFileSync(SERVICE_TOKEN_FILE, "utf8").trim();
    return { target: url.host, token };
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    throw new SettingError(
      `SERVICE_TOKEN_FILE: ${SERVICE_TOKEN_FILE} can't be read (${code})`,
    );
  }
}

/**
 * @param {string} name
 * @param {string | undefined} text
 * @param {{optional: boolean}} options
 * @returns {string[]}
 */
function addresses(name, text, { optional }) {
  const example = "http://127.0.0.1:9001,http://127.0.0.1:9002";
  if (!text) {
    if (optional) return [];
    throw new SettingError(
      `${name} is missing; it lists the service's addresses, like ${example}, or ` +
        "DISCOVERY_URL says who knows them",
    );
  }
  return text.split(",").map((part) => {
    const address = part.trim();
    const url = URL.canParse(address) ? new URL(address) : null;
    const plain = url && url.protocol === "http:" && url.href === `${url.origin}/`;
    if (plain) return url.origin;
    throw new SettingError(
      `${name} has "${address}", which is not an address like http://127.0.0.1:9001`,
    );
  });
}

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readSettings, SettingError } from "../src/settings.js";

const LEAST = { ACCOUNT_URLS: "http://127.0.0.1:9001", GACHA_URLS: "http://gacha:80" };

const FOLDER = mkdtempSync(join(tmpdir(), "settings-"));
after(() => rmSync(FOLDER, { recursive: true }));
const TOKEN_FILE = join(FOLDER, "token");
writeFileSync(TOKEN_FILE, "secret\n");

test("what is not set has a value that suits loopback", () => {
  assert.deepEqual(readSettings(LEAST), {
    host: "127.0.0.1",
    port: 8080,
    account: ["http://127.0.0.1:9001"],
    gacha: ["http://gacha"],
    discovery: null,
    requestBudgetMs: 8000,
    pullBudgetMs: 10000,
    drainLimitMs: 8000,
    tokens: { issuer: "fairpull-account", audience: "fairpull-game" },
    limits: {
      perAddress: { most: 30_000, windowMs: 60_000 },
      perPlayer: { most: 6_000, windowMs: 60_000 },
      redisUrl: null,
    },
    sockets: { most: 4_000, perAddress: 200 },
    logLevel: "info",
  });
});

test("everything can be set", () => {
  const settings = readSettings({
    HOST: "0.0.0.0",
    PORT: "0",
    ACCOUNT_URLS: "http://a:1/, http://b:2",
    GACHA_URLS: "http://[::1]:3",
    DISCOVERY_URL: "grpc://[::1]:50051",
    SERVICE_TOKEN_FILE: TOKEN_FILE,
    REQUEST_BUDGET_MS: "1",
    PULL_BUDGET_MS: "2",
    DRAIN_LIMIT_MS: "3",
    JWT_ISSUER: "us",
    JWT_AUDIENCE: "them",
    RATE_PER_ADDRESS: "5/second",
    RATE_PER_PLAYER: "off",
    MOST_SOCKETS: "7",
    SOCKETS_PER_ADDRESS: "off",
    REDIS_URL: "redis://:pass@cache:6380/2",
    LOG_LEVEL: "silent",
  });
  assert.deepEqual(settings, {
    host: "0.0.0.0",
    port: 0,
    account: ["http://a:1", "http://b:2"],
    gacha: ["http://[::1]:3"],
    discovery: { target: "[::1]:50051", token: "secret" },
    requestBudgetMs: 1,
    pullBudgetMs: 2,
    drainLimitMs: 3,
    tokens: { issuer: "us", audience: "them" },
    limits: {
      perAddress: { most: 5, windowMs: 1_000 },
      perPlayer: null,
      redisUrl: "redis://:pass@cache:6380/2",
    },
    sockets: { most: 7, perAddress: null },
    logLevel: "silent",
  });
});

test("with discovery no address has to be known from the start", () => {
  const settings = readSettings({
    DISCOVERY_URL: "grpc://discovery:50051",
    SERVICE_TOKEN_FILE: TOKEN_FILE,
  });
  assert.deepEqual([settings.account, settings.gacha], [[], []]);
});

const WATCHING = { SERVICE_TOKEN_FILE: TOKEN_FILE };

/** @type {[Record<string, string | undefined>, RegExp][]} */
const WRONG = [
  ...["discovery:50051", "http://a:1", "grpc://a", "grpc://a:1/x", "grpc://u@a:1"].map(
    (DISCOVERY_URL) =>
      /** @type {[Record<string, string>, RegExp]} */ ([
        { ...WATCHING, DISCOVERY_URL },
        /^DISCOVERY_URL must be like grpc:\/\/127\.0\.0\.1:50051, not "/,
      ]),
  ),
  [{ DISCOVERY_URL: "grpc://a:1" }, /^DISCOVERY_URL needs SERVICE_TOKEN_FILE/],
  [
    { DISCOVERY_URL: "grpc://a:1", SERVICE_TOKEN_FILE: "/nowhere" },
    /^SERVICE_TOKEN_FILE: \/nowhere can't be read \(ENOENT\)/,
  ],
  [{ ACCOUNT_URLS: undefined }, /^ACCOUNT_URLS is missing/],
  [{ GACHA_URLS: "" }, /^GACHA_URLS is missing/],
  [{ GACHA_URLS: "http://a:1,,http://b:2" }, /^GACHA_URLS has ""/],
  [{ GACHA_URLS: "https://a:1" }, /^GACHA_URLS has "https:\/\/a:1"/],
  [{ GACHA_URLS: "a:1" }, /^GACHA_URLS has "a:1"/],
  [{ ACCOUNT_URLS: "http://a:1/path" }, /^ACCOUNT_URLS has "http:\/\/a:1\/path"/],
  [{ ACCOUNT_URLS: "http://u:p@a:1" }, /^ACCOUNT_URLS has/],
  [{ PORT: "65536" }, /^PORT must be an integer from 0 to 65535, not "65536"/],
  [{ PORT: "8080x" }, /^PORT must be/],
  [{ PORT: "" }, /^PORT must be/],
  [{ PORT: "-1" }, /^PORT must be/],
  [{ REQUEST_BUDGET_MS: "0" }, /^REQUEST_BUDGET_MS must be an integer from 1/],
  [{ PULL_BUDGET_MS: "1.5" }, /^PULL_BUDGET_MS must be/],
  [{ DRAIN_LIMIT_MS: "1e3" }, /^DRAIN_LIMIT_MS must be/],
  ...["0/minute", "10", "10/day", "-1/second", "1.5/second", "none"].map(
    (text) =>
      /** @type {[Record<string, string>, RegExp]} */ ([
        { RATE_PER_PLAYER: text },
        /^RATE_PER_PLAYER must be like 600\/minute \(or second, hour\), or off, not "/,
      ]),
  ),
  ...[
    "cache:6379",
    "rediss://a",
    "redis://a/x",
    "redis://a?x=1",
    "redis://a:1,b:2",
  ].map(
    (text) =>
      /** @type {[Record<string, string>, RegExp]} */ ([
        { REDIS_URL: text },
        /^REDIS_URL must be redis:\/\/\[user:password@\]host\[:port\]\[\/database\], one host$/,
      ]),
  ),
  [{ MOST_SOCKETS: "off" }, /^MOST_SOCKETS must be an integer from 1 to 1000000, not/],
  [
    { SOCKETS_PER_ADDRESS: "0" },
    /^SOCKETS_PER_ADDRESS must be an integer from 1 to 1000000, or off, not "0"$/,
  ],
  [{ LOG_LEVEL: "loud" }, /^LOG_LEVEL must be one of trace, .*silent, not "loud"/],
];

for (const [change, message] of WRONG) {
  test(`${JSON.stringify(change)} is refused by name`, () => {
    assert.throws(
      () => readSettings({ ...LEAST, ...change }),
      (error) => error instanceof SettingError && message.test(error.message),
    );
  });
}

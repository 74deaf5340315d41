import assert from "node:assert/strict";
import { test } from "node:test";
import { readSettings, SettingError } from "../src/settings.js";

const LEAST = { ACCOUNT_URLS: "http://127.0.0.1:9001", GACHA_URLS: "http://gacha:80" };

test("what is not set has a value that suits loopback", () => {
  assert.deepEqual(readSettings(LEAST), {
    host: "127.0.0.1",
    port: 8080,
    account: ["http://127.0.0.1:9001"],
    gacha: ["http://gacha"],
    requestBudgetMs: 8000,
    pullBudgetMs: 10000,
    drainLimitMs: 8000,
    logLevel: "info",
  });
});

test("everything can be set", () => {
  const settings = readSettings({
    HOST: "0.0.0.0",
    PORT: "0",
    ACCOUNT_URLS: "http://a:1/, http://b:2",
    GACHA_URLS: "http://[::1]:3",
    REQUEST_BUDGET_MS: "1",
    PULL_BUDGET_MS: "2",
    DRAIN_LIMIT_MS: "3",
    LOG_LEVEL: "silent",
  });
  assert.deepEqual(settings, {
    host: "0.0.0.0",
    port: 0,
    account: ["http://a:1", "http://b:2"],
    gacha: ["http://[::1]:3"],
    requestBudgetMs: 1,
    pullBudgetMs: 2,
    drainLimitMs: 3,
    logLevel: "silent",
  });
});

/** @type {[Record<string, string | undefined>, RegExp][]} */
const WRONG = [
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

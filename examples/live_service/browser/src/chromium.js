// A browser for a test, and what a page may not do in it: write an error to the console,
// break a rule of accessibility, be wider than the window.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

/**
 * @import { TestContext } from "node:test"
 * @import { Page } from "playwright-core"
 */

const PROGRAM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // A name for this machine that browsers take for another one.
  "--host-resolver-rules=MAP game.test 127.0.0.1",
];
const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core"), "utf8");

/**
 * @typedef {object} Looks
 * @property {number} [width]
 * @property {"light" | "dark"} [theme]
 * @property {boolean} [still] whether motion is reduced
 * @property {string} [timeZone] the player's
 * @property {boolean} [clock] whether the test turns its clock (`page.clock`)
 */

/**
 * A window of a new browser, with a page that the game's address is open in.
 *
 * @param {TestContext} t
 * @param {string} address
 * @param {Looks} [looks]
 */
export async function openPage(t, address, looks = {}) {
  const { width = 1280, theme = "light", still = true, clock = false } = looks;
  const { timeZone = "UTC" } = looks;
  const profile = mkdtempSync(join(tmpdir(), "fairpull-chromium-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: PROGRAM,
    args: FLAGS,
    viewport: { width, height: width < 600 ? 780 : 860 },
    colorScheme: theme,
    timezoneId: timeZone,
    reducedMotion: still ? "reduce" : "no-preference",
    timeout: 60_000,
  });
  t.after(async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  });
  const page = context.pages()[0] ?? (await context.newPage());
  page.setDefaultTimeout(20_000);
  const watch = new Watch(page);
  if (clock) await page.clock.install();
  await page.goto(address);
  return { page, watch };
}

/** Notes what a page did wrong. */
class Watch {
  /** @type {string[]} */
  errors = [];
  #page;

  /** @param {Page} page */
  constructor(page) {
    this.#page = page;
    page.on("pageerror", (error) => this.errors.push(String(error)));
    page.on("console", (message) => {
      const kind = message.type();
      if (kind === "error" || kind === "warning") this.errors.push(message.text());
    });
  }

  /** Fails on anything written to the console up to now, and forgets it. */
  assertNoErrors() {
    const errors = this.errors.splice(0);
    assert.deepEqual(errors, []);
  }

  /**
   * Fails where the page as it stands is hard to use for some.
   *
   * @param {string} where
   */
  async assertUsable(where) {
    const tooWide = await this.#page.evaluate(
      () => document.documentElement.scrollWidth - innerWidth,
    );
    assert.ok(tooWide <= 0, `${where} is ${tooWide} px wider than the window`);
    await this.#page.evaluate(AXE);
    const { violations } = await this.#page.evaluate(() =>
      /** @type {any} */ (globalThis).axe.run(document, {
        resultTypes: ["violations"],
      }),
    );
    const serious = violations
      .filter((/** @type {any} */ { impact }) =>
        ["serious", "critical"].includes(impact),
      )
      .map(
        (/** @type {any} */ { id, help, nodes }) =>
          `${id}: ${help}: ${nodes.map((/** @type {any} */ { html }) => html).join(" ")}`,
      );
    assert.deepEqual(serious, [], where);
  }
}

// A whole session at the page: wide and narrow, light and dark, once by keyboard alone.
//
// With SCREENSHOTS=folder, a picture of each view is written there. With PICTURES=1 those
// of the README are made anew.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openPage } from "../src/chromium.js";
import { newName, startGame } from "../src/game.js";
import { PlayerAtKeyboard, PlayerAtPage } from "../src/player_at_page.js";

const FOLDER = process.env.SCREENSHOTS;
const IMAGES = fileURLToPath(new URL("../../images", import.meta.url));

/** The pictures of the README, by what is seen on them. @type {Record<string, string>} */
const PICTURES = {
  "banner-1280-light": "banner",
  "reveal-1280-dark": "reveal",
  "luck-1280-light": "luck",
  "banner-360-dark": "phone",
};

/** @type {{width: number, theme: "light" | "dark", keyboard?: boolean}[]} */
const LOOKS = [
  { width: 1280, theme: "light", keyboard: true },
  { width: 1280, theme: "dark" },
  { width: 360, theme: "light" },
  { width: 360, theme: "dark" },
];

test("a session", async (t) => {
  const address = await startGame(t);
  for (const { width, theme, keyboard } of LOOKS) {
    const how = keyboard ? ", by keyboard" : "";
    await t.test(`${width} px, ${theme}${how}`, async (t) => {
      const { page, watch } = await openPage(t, address, { width, theme });
      const player = keyboard ? new PlayerAtKeyboard(page) : new PlayerAtPage(page);
      /** @param {string} name */
      const look = async (name) => {
        await watch.assertUsable(name);
        const view = `${name}-${width}-${theme}`;
        if (FOLDER) {
          const path = join(FOLDER, `${view}.png`);
          await page.screenshot({ path, fullPage: name !== "reveal" });
        }
        if (process.env.PICTURES && view in PICTURES) {
          await page.screenshot({ path: join(IMAGES, `${PICTURES[view]}.png`) });
        }
      };

      await page.getByRole("heading", { name: "Log in" }).waitFor();
      await look("door");
      await player.register(newName());

      // The odds are there before anything can be pulled.
      const odds = page.getByRole("table", { name: "Odds by rarity" });
      const first = odds.getByRole("row").nth(1);
      assert.match(await first.innerText(), /Ultra rare\s+certain by pull 90\s+0.6%/i);
      assert.match(await first.innerText(), /1\.605%/);
      await page.getByText("50% of them are Wren of the Ninth Lamp.").waitFor();
      await page.getByText("0 pulls since the last ultra rare").first().waitFor();

      await player.buy(16_000);
      await look("purse");
      await player.press("Banner");
      await page.getByText("16,000").first().waitFor();
      await look("banner");

      await player.press("Pull 10");
      await page.getByRole("heading", { name: "You drew 10 items" }).waitFor();
      assert.equal(await page.locator(".turn-card.turned").count(), 10);
      await look("reveal");
      await player.press("Take them");
      await page.getByText("14,400").first().waitFor();
      const standing = page.getByRole("list", { name: "Your pity counters" });
      await standing.getByText(/pulls? since the last ultra rare/).waitFor();

      await player.press("Pull once");
      await page.getByRole("heading", { name: "You drew 1 item" }).waitFor();
      await player.press("Take them");
      await page.getByText("14,240").first().waitFor();
      for (let count = 2; count <= 6; count++) {
        await player.press("Pull 10");
        await player.press("Take them");
      }
      await page.getByText("6,240").first().waitFor();

      await player.press("History");
      const rows = page.getByRole("table", { name: "Your pulls" }).getByRole("row");
      await rows.nth(20).waitFor();
      await look("history");
      const pages = page.getByRole("navigation", { name: "Pages of the history" });
      await player.press("Older");
      await pages.getByText("Page 2").waitFor();
      await player.press("Older");
      await pages.getByText("Page 3").waitFor();
      await player.press("Newer");
      await pages.getByText("Page 2").waitFor();

      await player.press("Luck");
      await page.getByRole("img", { name: /How often ultra rare come/ }).waitFor();
      await page.getByText("61 pulls", { exact: true }).waitFor();
      await look("luck");

      await player.press("Log out");
      await page.getByRole("heading", { name: "Log in" }).waitFor();
      assert.equal(await page.evaluate(() => sessionStorage.getItem("login")), null);
      watch.assertNoErrors();
    });
  }
});

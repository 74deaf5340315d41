// Times of banners, which are the game's and not the player's: in the game's own time zone,
// with its name, on both sides of a change to daylight saving time and back.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { timeIn } from "../../web/src/format.js";
import { Problem } from "../../web/src/problems.js";
import { openPage } from "../src/chromium.js";
import { newName, startGame } from "../src/game.js";
import { PlayerAtPage } from "../src/player_at_page.js";

const FOLDER = process.env.SCREENSHOTS;
const STARTER = new URL("../../../banners/starter.json", import.meta.url);

for (const [at, zone, text] of [
  ["2027-01-05T23:05:00.000Z", "UTC", "5 Jan 2027, 23:05 UTC"],
  ["2027-01-05T23:05:00.000Z", "Asia/Tokyo", "6 Jan 2027, 08:05 GMT+9 (Asia/Tokyo)"],
  // The clocks go from 02:00 to 03:00.
  [
    "2026-03-29T00:59:00.000Z",
    "Europe/Berlin",
    "29 Mar 2026, 01:59 CET (Europe/Berlin)",
  ],
  [
    "2026-03-29T01:00:00.000Z",
    "Europe/Berlin",
    "29 Mar 2026, 03:00 CEST (Europe/Berlin)",
  ],
  // And from 03:00 back to 02:00.
  [
    "2026-10-25T00:30:00.000Z",
    "Europe/Berlin",
    "25 Oct 2026, 02:30 CEST (Europe/Berlin)",
  ],
  [
    "2026-10-25T01:30:00.000Z",
    "Europe/Berlin",
    "25 Oct 2026, 02:30 CET (Europe/Berlin)",
  ],
  [
    "2026-11-01T05:30:00.000Z",
    "America/New_York",
    "1 Nov 2026, 01:30 GMT-4 (America/New York)",
  ],
  [
    "2026-11-01T06:30:00.000Z",
    "America/New_York",
    "1 Nov 2026, 01:30 GMT-5 (America/New York)",
  ],
  // One that this browser has not heard of.
  ["2027-01-05T23:05:00.000Z", "Mars/Olympus", "5 Jan 2027, 23:05 UTC"],
]) {
  test(`${at} in ${zone}`, () => assert.equal(timeIn(at, zone), text));
}

test("a pull that comes too late is told so in the game's time zone", () => {
  const closesAt = "2020-10-25T00:30:00.000Z";
  const { message } = new Problem(409, {
    type: "/problems/banner-closed",
    detail: "",
    opensAt: null,
    closesAt,
    timeZone: "Europe/Berlin",
  });
  const told = "This banner closed at 25 Oct 2020, 02:30 CEST (Europe/Berlin).";
  assert.equal(message, told);
});

/** @type {{width: number, theme: "light" | "dark"}[]} */
const LOOKS = [
  { width: 1280, theme: "light" },
  { width: 1280, theme: "dark" },
  { width: 360, theme: "light" },
  { width: 360, theme: "dark" },
];

test("a banner's times on the page", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "fairpull-banners-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const starter = JSON.parse(readFileSync(STARTER, "utf8"));
  for (const [id, times] of Object.entries({
    amber: { closes: "2037-10-25T00:30:00Z" },
    birch: { closes: "2037-10-25T01:30:00Z" },
    cedar: { opens: "2037-03-29T01:00:00Z" },
    dune: { opens: "2020-01-01T00:00:00Z", closes: "2020-07-01T12:00:00Z" },
  })) {
    const name = `Of ${id}`;
    const banner = { ...starter, id, family: id, name, ...times };
    writeFileSync(join(folder, `${id}.json`), JSON.stringify(banner));
  }
  const address = await startGame(t, {
    BANNER_PATH: folder,
    DISPLAY_TIME_ZONE: "Europe/Berlin",
  });
  for (const { width, theme } of LOOKS) {
    await t.test(`${width} px, ${theme}`, async (t) => {
      // Wherever the player is.
      const looks = { width, theme, timeZone: "America/New_York" };
      const { page, watch } = await openPage(t, address, looks);
      const player = new PlayerAtPage(page);
      await player.register(newName(), "Of amber");
      for (const [id, at, text] of [
        ["dune", "2020-07-01T12:00:00.000Z", "Closed since 1 Jul 2020, 14:00 CEST"],
        ["cedar", "2037-03-29T01:00:00.000Z", "Opens 29 Mar 2037, 03:00 CEST"],
        ["birch", "2037-10-25T01:30:00.000Z", "Open until 25 Oct 2037, 02:30 CET"],
        ["amber", "2037-10-25T00:30:00.000Z", "Open until 25 Oct 2037, 02:30 CEST"],
      ]) {
        await player.press(`Of ${id}`);
        const times = page.getByText(`${text} (Europe/Berlin)`, { exact: true });
        await times.waitFor();
        assert.equal(await times.locator("time").getAttribute("datetime"), at);
        await watch.assertUsable(id);
        if (FOLDER) {
          await page.screenshot({
            path: join(FOLDER, `times-${id}-${width}-${theme}.png`),
          });
        }
      }
      watch.assertNoErrors();
    });
  }
});

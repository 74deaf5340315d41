// What goes wrong: lost answers, refusals, and things that happen elsewhere.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "../src/chromium.js";
import { newName, Player, startGame } from "../src/game.js";
import { PlayerAtPage, play } from "../src/player_at_page.js";

const PULL = "**/gacha/pull";
const PURCHASE = "**/account/buy-currency";

test("troubles", async (t) => {
  const address = await startGame(t);

  await t.test("a lost answer is asked for again under the same key", async (t) => {
    const { page, hands, player } = await play(t, address, { crystals: 1600 });
    /** @type {(string | undefined)[]} */
    const keys = [];
    await page.route(PULL, async (route) => {
      keys.push(route.request().headers()["idempotency-key"]);
      // The game has done it, and its answer gets lost on the way.
      if (keys.length === 1) {
        await route.fetch();
        await route.abort();
      } else {
        await route.continue();
      }
    });
    await hands.press("Pull once");
    await page.getByRole("heading", { name: "You drew 1 item" }).waitFor();
    assert.equal(keys.length, 2);
    assert.match(keys[0] ?? "", /^[0-9a-f-]{36}$/);
    assert.equal(keys[1], keys[0]);
    assert.equal((await player.get("/gacha/history")).pulls.length, 1);
    assert.equal((await player.get("/account/currency")).currencyBalance, 1440);
  });

  await t.test(
    "what stays undecided is kept over a reload and asked for",
    async (t) => {
      const { page, hands, player } = await play(t, address, { crystals: 1600 });
      /** @type {Set<string | undefined>} */
      const keys = new Set();
      await page.route(PULL, async (route) => {
        keys.add(route.request().headers()["idempotency-key"]);
        await route.fetch();
        await route.abort();
      });
      await hands.press("Pull 10");
      await page
        .getByText("It isn't known yet what became of your 10 pulls.")
        .waitFor();
      const again = page.getByRole("button", { name: "Pull once" });
      assert.equal(await again.getAttribute("aria-disabled"), "true");
      await page.unroute(PULL);
      await page.reload();
      page.on("request", (request) => {
        const key = request.headers()["idempotency-key"];
        if (key) keys.add(key);
      });
      await hands.press("Ask again");
      await page.getByRole("heading", { name: "You drew 10 items" }).waitFor();
      assert.equal(keys.size, 1);
      assert.equal((await player.get("/gacha/history")).pulls.length, 10);
      await hands.press("Take them");
      await page.getByText("It isn't known yet").waitFor({ state: "detached" });
      const button = page.locator("button[aria-disabled=false]");
      await button.filter({ hasText: "Pull once" }).waitFor();
    },
  );

  await t.test("nor is anything bought twice", async (t) => {
    const { page, hands, player } = await play(t, address);
    await page.route(PURCHASE, async (route) => {
      await route.fetch();
      await route.abort();
    });
    await hands.press("Crystals");
    await hands.fill("Or another amount", "777");
    await hands.press("Buy");
    await page.getByText("your purchase of 777 crystals").waitFor();
    await page.unroute(PURCHASE);
    await hands.press("Ask again");
    await page.getByText(/^Bought\. You have 777 crystals now\. Back/).waitFor();
    assert.equal((await player.get("/account/currency")).currencyBalance, 777);
  });

  await t.test("too few crystals are told beside the buttons", async (t) => {
    const { page, hands } = await play(t, address, { crystals: 1000, width: 360 });
    await hands.press("Pull 10");
    const alert = page.getByRole("alert").filter({ hasText: "This costs" });
    await alert.waitFor();
    assert.equal(
      (await alert.innerText()).replace(/^⚠\s*/, ""),
      "This costs 1,600 crystals and you have 1,000. Buy crystals",
    );
    await alert.getByRole("link").click();
    await page.getByRole("heading", { name: "Buy crystals" }).waitFor();
  });

  await t.test("what is wrong with a field stands at the field", async (t) => {
    const { page } = await openPage(t, address);
    const hands = new PlayerAtPage(page);
    const { name } = await Player.register(address);
    await hands.fill("User name", name);
    await hands.fill("Password", "wrong horse battery");
    await hands.press("Log in");
    await page.getByRole("alert").filter({ hasText: "password is wrong" }).waitFor();

    await page.getByRole("button", { name: "Register" }).click();
    await hands.fill("User name", "x");
    await hands.fill("E-mail", "p@example.com");
    await hands.fill("Password", Player.PASSWORD);
    await hands.press("Register and play");
    const field = page.getByLabel("User name");
    assert.equal(await field.getAttribute("aria-invalid"), "true");
    assert.ok(await field.evaluate((element) => element === document.activeElement));
    await hands.fill("User name", name.toUpperCase());
    await hands.press("Register and play");
    await page.getByRole("alert").filter({ hasText: "name is taken" }).waitFor();
    // One that the browser takes and the game does not.
    await hands.fill("User name", newName());
    await hands.fill("E-mail", "p@example");
    await hands.press("Register and play");
    await page
      .locator("#field-email-error")
      .filter({ hasText: "must be an e-mail" })
      .waitFor();
  });

  await t.test(
    "a pull made elsewhere is told, and changes what is shown",
    async (t) => {
      const { page, watch, player } = await play(t, address, { crystals: 3200 });
      await page.getByText("3,200").first().waitFor();
      await page.getByText("live").waitFor();
      const pool = page.getByText("Ultra rare (6)");
      await pool.click();
      await player.pull(10);
      await page
        .getByRole("status")
        .filter({ hasText: /You drew .* elsewhere/ })
        .waitFor();
      await page.getByText("1,600").first().waitFor();
      const { counters } = await player.get("/gacha/pity");
      const standing = page.getByRole("list", { name: "Your pity counters" });
      for (const { text } of counters) await standing.getByText(text).first().waitFor();
      // What was being read stays as it was.
      assert.ok(await pool.evaluate((element) => element === document.activeElement));
      await page.getByRole("table").getByText("Aldric Stormglass").waitFor();
      watch.assertNoErrors();
    },
  );

  await t.test("the reveal moves, can be skipped, and closes by Escape", async (t) => {
    const { page, hands } = await play(t, address, { crystals: 3200, still: false });
    await hands.press("Pull 10");
    const heading = page.getByRole("heading", { name: "From the water comes" });
    await heading.waitFor();
    assert.ok((await page.locator(".turned").count()) < 10);
    await hands.press("Show all");
    await page.getByRole("heading", { name: "You drew 10 items" }).waitFor();
    assert.equal(await page.locator(".turned").count(), 10);
    await hands.press("Take them");
    await hands.press("Pull 10");
    await heading.waitFor();
    await page.keyboard.press("Escape");
    await page.locator("dialog").waitFor({ state: "detached" });
  });

  await t.test("an address that is not safe is told so", async (t) => {
    const { page, watch } = await openPage(
      t,
      address.replace("127.0.0.1", "game.test"),
      {
        width: 360,
      },
    );
    await page.getByText("an address that begins with https").waitFor();
    await watch.assertUsable("an address that is not safe");
  });

  await t.test("the theme is switched and remembered", async (t) => {
    const { page } = await openPage(t, address, { theme: "light" });
    const ground = () =>
      page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const light = await ground();
    await page.getByRole("button", { name: "Switch to the dark theme" }).click();
    const dark = await ground();
    assert.notEqual(dark, light);
    await page.reload();
    assert.equal(await ground(), dark);
    await page.getByRole("button", { name: "Switch to the light theme" }).click();
    assert.equal(await ground(), light);
  });
});

// A login that outlasts its token: renewed in time and after a refusal, by one tab for
// all of them, ended where the player says so, and what is told when it can't go on.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { Player, startGame } from "../src/game.js";
import { play } from "../src/player_at_page.js";

/**
 * @import { Page } from "playwright-core"
 */

const FOLDER = process.env.SCREENSHOTS;
const PULL = "**/gacha/pull";
const REFRESH = "**/account/refresh";
const LOGOUT = "**/account/logout";
const OVER = "Your login is over. Please log in again.";
const KEPT = "Nothing is lost: what you asked for last is there when you are back.";

// Until a token is renewed; it is good for 15 minutes.
const DUE = "12:10";

/** What a service says of a token that has expired. */
const EXPIRED = {
  status: 401,
  contentType: "application/problem+json",
  body: JSON.stringify({
    type: "/problems/invalid-token",
    title: "Invalid token",
    status: 401,
    detail: "the token has expired; log in again",
    requestId: "r",
  }),
};

/** The login as the page keeps it. @param {Page} page */
const kept = (page) =>
  page.evaluate(() => JSON.parse(sessionStorage.getItem("login") ?? "null"));

/**
 * The answers to requests that a page makes to an address, as they come.
 *
 * @param {Page} page
 * @param {string} path
 */
function answersOf(page, path) {
  /** @type {number[]} */
  const statuses = [];
  page.on("response", (answer) => {
    if (new URL(answer.url()).pathname === path) statuses.push(answer.status());
  });
  return statuses;
}

/**
 * The tokens that a page says on its sockets, in order, and how many sockets there were.
 *
 * @param {Page} page
 */
function saidOnSockets(page) {
  const said = { tokens: /** @type {string[]} */ ([]), sockets: 0 };
  page.on("websocket", (socket) => {
    said.sockets += 1;
    socket.on("framesent", ({ payload }) => {
      const { type, data } = JSON.parse(String(payload));
      if (type === "authenticate") said.tokens.push(data.token);
    });
  });
  return said;
}

/** @param {Page} page @param {string} name of the picture, if one is wanted */
async function look(page, name) {
  if (FOLDER) {
    await page.screenshot({ path: join(FOLDER, `${name}.png`), fullPage: true });
  }
}

/** @param {() => boolean | Promise<boolean>} condition @param {string} what */
async function until(condition, what) {
  for (let tries = 0; tries < 200; tries++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`in vain waited for ${what}`);
}

/** Tokens that are issued in the same second are the same. */
const aSecond = () => new Promise((resolve) => setTimeout(resolve, 1_100));

/** @param {Page} page */
const live = (page) => page.getByText("live", { exact: true }).waitFor();

/**
 * A tab of the same browser that was duplicated: with a copy of the tab's storage.
 *
 * @param {Page} page
 */
async function duplicate(page) {
  const opened = page.context().waitForEvent("page");
  await page.evaluate(() => {
    open("/");
  });
  const tab = await opened;
  tab.setDefaultTimeout(20_000);
  await tab.getByRole("heading", { name: "First Light" }).waitFor();
  return tab;
}

// Without a grace, every second use of a refresh token ends the login.
test("a login", async (t) => {
  const address = await startGame(t, { REFRESH_GRACE_MS: "1" });

  await t.test("is renewed before its token expires, on the socket too", async (t) => {
    const { page, watch } = await play(t, address, { clock: true });
    const said = saidOnSockets(page);
    await page.reload();
    await live(page);
    const statuses = answersOf(page, "/account/refresh");
    const before = await kept(page);
    await aSecond();
    await page.clock.fastForward("11:00");
    assert.deepEqual(statuses, []);
    await page.clock.fastForward("01:10");
    await until(() => said.tokens.length === 2, "a new token on the socket");
    const after = await kept(page);
    assert.deepEqual(statuses, [200]);
    assert.notEqual(after.token, before.token);
    assert.notEqual(after.refreshToken, before.refreshToken);
    assert.deepEqual(said, { tokens: [before.token, after.token], sockets: 1 });
    // And so on, also from what a reload finds.
    await page.reload();
    await live(page);
    await aSecond();
    await page.clock.fastForward(DUE);
    await until(() => said.tokens.length === 4, "another token on the socket");
    assert.deepEqual(statuses, [200, 200]);
    watch.assertNoErrors();
  });

  await t.test("is renewed first where its token has slept too long", async (t) => {
    const { page, watch } = await play(t, address);
    await page.evaluate(() => {
      const login = JSON.parse(sessionStorage.getItem("login") ?? "");
      sessionStorage.setItem("login", JSON.stringify({ ...login, dueAt: 0 }));
    });
    const statuses = answersOf(page, "/account/refresh");
    const balances = answersOf(page, "/account/currency");
    await page.reload();
    await live(page);
    await until(() => balances.length > 0, "the balance");
    assert.deepEqual([statuses, balances], [[200], [200]]);
    watch.assertNoErrors();
  });

  await t.test("is renewed once where its token is refused", async (t) => {
    const { page, player } = await play(t, address, { crystals: 160 });
    await page.evaluate(() => {
      const login = JSON.parse(sessionStorage.getItem("login") ?? "");
      login.token = `${login.token.slice(0, -8)}AAAAAAAA`;
      sessionStorage.setItem("login", JSON.stringify(login));
    });
    const statuses = answersOf(page, "/account/refresh");
    const said = saidOnSockets(page);
    await page.reload();
    await live(page);
    await page.getByText("160").first().waitFor();
    assert.deepEqual(statuses, [200]);
    assert.equal(said.tokens.at(-1), (await kept(page)).token);
    assert.equal((await player.get("/account/currency")).currencyBalance, 160);
  });

  await t.test("is renewed under a pull, which goes on with its key", async (t) => {
    const { page, hands, player } = await play(t, address, { crystals: 320 });
    const statuses = answersOf(page, "/account/refresh");
    /** @type {{key?: string, token?: string}[]} */
    const pulls = [];
    await page.route(PULL, async (route) => {
      const headers = route.request().headers();
      pulls.push({ key: headers["idempotency-key"], token: headers.authorization });
      await (pulls.length === 1 ? route.fulfill(EXPIRED) : route.continue());
    });
    await aSecond();
    await hands.press("Pull once");
    await page.getByRole("heading", { name: "You drew 1 item" }).waitFor();
    assert.equal(pulls.length, 2);
    assert.equal(pulls[0].key, pulls[1].key);
    assert.notEqual(pulls[0].token, pulls[1].token);
    assert.deepEqual(statuses, [200]);
    assert.equal((await player.get("/gacha/history")).pulls.length, 1);
  });

  await t.test("is over where even the new token is refused", async (t) => {
    const { page, hands } = await play(t, address, { crystals: 160 });
    const statuses = answersOf(page, "/account/refresh");
    await page.route(PULL, (route) => route.fulfill(EXPIRED));
    await hands.press("Pull once");
    await page.getByText(`${OVER} ${KEPT}`, { exact: true }).waitFor();
    assert.deepEqual(statuses, [200]);
  });

  await t.test("outlives a socket that the game closes for its token", async (t) => {
    const { page } = await play(t, address);
    const statuses = answersOf(page, "/account/refresh");
    let sockets = 0;
    await page.routeWebSocket("**/gacha/socket", (socket) => {
      sockets += 1;
      if (sockets > 1) socket.connectToServer();
      else socket.onMessage(() => socket.close({ code: 4401 }));
    });
    await page.reload();
    await live(page);
    assert.deepEqual([sockets, statuses], [2, [200]]);
  });

  await t.test("goes on while it can't be renewed, and then is", async (t) => {
    const { page, hands } = await play(t, address, { clock: true, crystals: 160 });
    let asked = 0;
    await page.route(REFRESH, (route) => {
      asked += 1;
      return route.abort();
    });
    await page.clock.fastForward(DUE);
    await until(() => asked > 0, "a refresh");
    await page.unroute(REFRESH);
    const statuses = answersOf(page, "/account/refresh");
    // The token is good for two minutes yet, and the next try comes by itself.
    await page.clock.fastForward("00:16");
    await until(() => statuses.length > 0, "the next refresh");
    assert.deepEqual(statuses, [200]);
    await hands.press("Pull once");
    await page.getByRole("heading", { name: "You drew 1 item" }).waitFor();
  });

  for (const { width, theme } of /** @type {const} */ ([
    { width: 1280, theme: "light" },
    { width: 1280, theme: "dark" },
    { width: 360, theme: "light" },
    { width: 360, theme: "dark" },
  ])) {
    const name = `that was ended elsewhere leads to the door, ${width} px, ${theme}`;
    await t.test(name, async (t) => {
      const looks = { crystals: 1600, width, theme };
      const { page, watch, hands, player } = await play(t, address, looks);
      const { refreshToken } = await kept(page);
      await player.post("/account/logout", { refreshToken });
      /** @type {Set<string | undefined>} */
      const keys = new Set();
      let tries = 0;
      await page.route(PULL, async (route) => {
        keys.add(route.request().headers()["idempotency-key"]);
        tries += 1;
        if (tries > 1) return route.fulfill(EXPIRED);
        // The game does it; the answer is lost, and then the token expires.
        await route.fetch();
        return route.abort();
      });
      await hands.press("Pull 10");
      await page.getByText(`${OVER} ${KEPT}`, { exact: true }).waitFor();
      assert.equal(await kept(page), null);
      await watch.assertUsable("door");
      await look(page, `door-over-${width}-${theme}`);
      await page.unroute(PULL);
      page.on("request", (request) => {
        const key = request.headers()["idempotency-key"];
        if (key) keys.add(key);
      });
      await hands.logIn(player.name);
      await page.getByText("what became of your 10 pulls").waitFor();
      await hands.press("Ask again");
      await page.getByRole("heading", { name: "You drew 10 items" }).waitFor();
      assert.equal(keys.size, 1);
      assert.equal((await player.get("/gacha/history")).pulls.length, 10);
    });
  }

  await t.test(
    "keeps what was asked for from the next player at the tab",
    async (t) => {
      const { page, hands, player } = await play(t, address, { crystals: 160 });
      const other = await Player.register(address, 320);
      await page.route(PULL, (route) => route.fulfill(EXPIRED));
      await hands.press("Pull once");
      await page.getByText(KEPT).waitFor();
      await page.unroute(PULL);
      await hands.logIn(other.name);
      await hands.press("Pull once");
      await hands.press("Take them");
      await hands.press("Log out");
      await hands.logIn(player.name);
      await page.getByText("what became of your 1 pull.").waitFor();
      await hands.press("Ask again");
      await page.getByRole("heading", { name: "You drew 1 item" }).waitFor();
    },
  );

  await t.test("is renewed by one of the tabs that share it", async (t) => {
    const { page, watch } = await play(t, address, { clock: true });
    const tab = await duplicate(page);
    const both = [page, tab];
    const refreshes = both.map((each) => answersOf(each, "/account/refresh"));
    for (let round = 1; round <= 3; round++) {
      // Both are due at the same moment.
      await page.clock.fastForward(DUE);
      await until(
        async () => (await Promise.all(both.map(kept))).every((l) => l.turn === round),
        "the new token in both tabs",
      );
    }
    assert.deepEqual(refreshes.flat(), [200, 200, 200]);
    // Also a tab that has not heard what the others told, as one that was restored.
    await tab.evaluate(() => {
      const login = JSON.parse(sessionStorage.getItem("login") ?? "");
      const old = { ...login, turn: 0, refreshToken: "spent", dueAt: 0 };
      sessionStorage.setItem("login", JSON.stringify(old));
    });
    await tab.reload();
    await live(tab);
    await until(async () => (await kept(tab)).turn === 3, "the token of the others");
    assert.deepEqual(refreshes.flat(), [200, 200, 200]);
    const login = await kept(page);
    assert.deepEqual(await kept(tab), login);
    const { refreshToken } = login;
    const player = new Player(address, "");
    assert.ok(await player.post("/account/refresh", { refreshToken }));
    watch.assertNoErrors();
  });

  await t.test("is ended at the game, and in every tab that shares it", async (t) => {
    const { page, hands, player } = await play(t, address);
    const tab = await duplicate(page);
    const { token, refreshToken } = await kept(page);
    const told = page.waitForResponse(LOGOUT);
    await hands.press("Log out");
    assert.equal((await told).status(), 200);
    await page.getByRole("heading", { name: "Log in" }).waitFor();
    await tab.getByText("You have logged out in another tab.").waitFor();
    await look(tab, "door-elsewhere-1280-light");
    for (const each of [page, tab]) {
      const storage = await each.evaluate(() => JSON.stringify(sessionStorage));
      assert.ok(!storage.includes(token) && !storage.includes(refreshToken), storage);
    }
    await assert.rejects(
      player.post("/account/refresh", { refreshToken }),
      /401 .*invalid-refresh-token/,
    );
    await page.reload();
    await page.getByRole("heading", { name: "Log in" }).waitFor();
    // A login of another tab's own goes on.
    await hands.logIn(player.name);
    await page.reload();
    await live(page);
  });

  await t.test("is ended here even where the game can't be told", async (t) => {
    const { page, watch, hands } = await play(t, address, {
      width: 360,
      theme: "dark",
    });
    let tries = 0;
    await page.route(LOGOUT, (route) => {
      tries += 1;
      return route.abort();
    });
    await hands.press("Log out");
    await page.getByRole("heading", { name: "Log in" }).waitFor();
    await hands.fill("User name", "someone");
    assert.equal(await kept(page), null);
    await page
      .getByRole("alert")
      .filter({ hasText: "You are logged out here, but the game could not be told." })
      .waitFor();
    assert.equal(tries, 3);
    assert.equal(await page.getByLabel("User name").inputValue(), "someone");
    await watch.assertUsable("door");
    await look(page, "door-untold-360-dark");
  });
});

// The player's own pulls, newest first, page by page.

import { announce, h } from "../dom.js";
import { amount, time } from "../format.js";
import { emblem, rarityMark } from "../item_card.js";
import { rarityId } from "../rarity.js";
import { standingView } from "./standing.js";

/**
 * @import { Game } from "../game.js"
 * @typedef {{pullId: string, position: number, bannerId: string, item: any, pulledAt: string, currencySpent: number}} HistoricPull
 */

const PAGE = 20;

/** @param {Game} game */
export function historyView(game) {
  /** The cursors of the pages so far; null is the newest page. @type {(string | null)[]} */
  const cursors = [null];
  const list = h("div", { class: "card history", "aria-busy": "true" });
  const counters = h("section", { class: "card", "aria-labelledby": "counters-title" });
  const view = h(
    "div",
    { class: "wide" },
    h("h1", { tabindex: -1 }, "History"),
    counters,
    list,
  );
  showCounters();
  game.onChange(view, showCounters);
  show();
  return view;

  function showCounters() {
    const { chosen } = game;
    counters.hidden = chosen === null;
    if (chosen === null) return;
    counters.replaceChildren(
      h("h2", { id: "counters-title" }, `Pity on ${chosen.banner.name}`),
      standingView(chosen.pity.counters),
    );
  }

  async function turn() {
    await show();
    announce(`Page ${cursors.length}`);
    /** @type {HTMLElement | null} */
    const next = list.querySelector(
      ".pages button:last-child:enabled, .pages button:enabled",
    );
    next?.focus();
  }

  async function show() {
    list.setAttribute("aria-busy", "true");
    const cursor = cursors.at(-1);
    const query = new URLSearchParams({ limit: String(PAGE) });
    if (cursor) query.set("cursor", cursor);
    try {
      const { pulls, nextCursor } = await game.api.get(`/gacha/history?${query}`);
      list.replaceChildren(
        ...(pulls.length > 0 ? page(pulls, nextCursor) : [nothingYet()]),
      );
    } catch (error) {
      if (game.isOver(error)) return;
      const { message } = /** @type {Error} */ (error);
      list.replaceChildren(h("p", { class: "form-error", role: "alert" }, message));
    }
    list.setAttribute("aria-busy", "false");
  }

  /** @param {string} bannerId */
  function nameOf(bannerId) {
    return game.banners.find(({ id }) => id === bannerId)?.name ?? bannerId;
  }

  /** @param {HistoricPull[]} pulls @param {string | null} nextCursor */
  function page(pulls, nextCursor) {
    const newer = () => {
      cursors.pop();
      turn();
    };
    const older = () => {
      cursors.push(nextCursor);
      turn();
    };
    return [
      table(pulls, nameOf),
      h(
        "nav",
        { class: "pages", "aria-label": "Pages of the history" },
        pageButton("Newer", cursors.length > 1, newer),
        h("span", null, `Page ${cursors.length}`),
        pageButton("Older", nextCursor !== null, older),
      ),
    ];
  }
}

/** @param {string} name @param {boolean} leads @param {() => void} turn */
function pageButton(name, leads, turn) {
  return h(
    "button",
    { class: "quiet-button", type: "button", disabled: !leads, onclick: turn },
    name,
  );
}

/** @param {HistoricPull[]} pulls @param {(bannerId: string) => string} nameOf */
function table(pulls, nameOf) {
  const head = ["Item", "Rarity", "Pulled", "Banner", "Crystals"];
  return h(
    "table",
    { class: "history-table" },
    h("caption", { class: "seen-by-readers" }, "Your pulls, newest first"),
    h(
      "thead",
      null,
      h(
        "tr",
        null,
        head.map((name) => h("th", { scope: "col" }, name)),
      ),
    ),
    h(
      "tbody",
      null,
      pulls.map((pull) => row(pull, nameOf(pull.bannerId))),
    ),
  );
}

/** @param {HistoricPull} pull @param {string} bannerName */
function row({ item, pulledAt, currencySpent }, bannerName) {
  const rarity = rarityId(item.rarity);
  return h(
    "tr",
    { class: `rarity-${rarity}` },
    h(
      "th",
      { scope: "row" },
      h("span", { class: "pool-name" }, emblem(item), item.name),
    ),
    h("td", null, rarityMark(rarity)),
    h("td", null, h("time", { datetime: pulledAt }, time(pulledAt))),
    h("td", null, bannerName),
    h("td", { class: "figure" }, amount(currencySpent)),
  );
}

function nothingYet() {
  return h(
    "p",
    { class: "empty" },
    "You have not pulled yet. ",
    h("a", { href: "#banner" }, "Look at the banner"),
    " first: its odds are all there.",
  );
}

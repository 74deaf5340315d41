// The banner that is chosen: its scene, its price, its odds, and the pulls.

import { isUndecided } from "../api.js";
import { h, redraw } from "../dom.js";
import { amount, counted, percent, percentOf, timeIn } from "../format.js";
import { icon } from "../icons.js";
import { Problem } from "../problems.js";
import { rarityName } from "../rarity.js";
import { oddsView } from "./odds.js";
import { reveal } from "./reveal.js";
import { standingView } from "./standing.js";

/**
 * @import { Game } from "../game.js"
 * @typedef {{id: string, name: string, price: number, counts: number[], open: boolean, opensAt: string | null, closesAt: string | null, timeZone: string}} Banner
 */

/** @param {Game} game */
export function bannerView(game) {
  const view = h("div", { class: "banner-view" });
  const show = () => redraw(view, parts(game));
  game.onChange(view, show);
  show();
  return view;
}

/** @param {Game} game */
function parts(game) {
  const { chosen, banners } = game;
  const picker =
    banners.length > 1
      ? h(
          "div",
          { class: "picker", role: "group", "aria-label": "Choose a banner" },
          banners.map((banner) => pick(game, banner)),
        )
      : "";
  if (chosen === null) {
    const why = game.isOpen ? "Looking for banners…" : "Waiting for the game…";
    return [
      h("h1", { tabindex: -1 }, "Banners"),
      picker,
      h("p", { class: "note" }, why),
    ];
  }
  return [
    picker,
    h(
      "div",
      { class: "banner-columns" },
      h("div", { class: "banner-main" }, stage(game), standing(game)),
      oddsView(chosen.odds, chosen.items, chosen.pity.nextPull),
    ),
  ];
}

/** @param {Game} game @param {Banner} banner */
function pick(game, banner) {
  return h(
    "button",
    {
      type: "button",
      class: "pick",
      "aria-pressed": String(banner.id === game.chosen?.banner.id),
      onclick: () => game.choose(banner.id),
    },
    banner.name,
    h("small", null, banner.open ? "open" : "closed"),
  );
}

/** @param {Game} game */
function stage(game) {
  const { banner, odds, items } = game.chosen;
  const featured = odds.items
    .filter((/** @type {any} */ each) => each.featured)
    .map(
      (/** @type {{id: string}} */ { id }) =>
        items.find((/** @type {any} */ item) => item.id === id).name,
    );
  return h(
    "section",
    { class: "stage", "aria-labelledby": "stage-title" },
    h("img", { class: "stage-scene", src: "/web/art/first-light.svg", alt: "" }),
    h(
      "div",
      { class: "stage-words" },
      h("p", { class: "stage-times" }, times(banner)),
      h("h1", { id: "stage-title", tabindex: -1 }, banner.name),
      featured.length > 0
        ? h("p", { class: "stage-featured" }, "With ", list(featured))
        : "",
    ),
    stageOdds(odds),
    h(
      "div",
      { class: "stage-pulls" },
      banner.counts.map((/** @type {number} */ count) =>
        pullButton(game, banner, count),
      ),
    ),
    h("p", { class: "form-error stage-error", role: "alert", id: "pull-error" }),
    pendingNote(game),
  );
}

/**
 * The odds in a line right above the buttons, however small the window is.
 *
 * @param {import("./odds.js").Odds} odds
 */
function stageOdds({ rarities }) {
  return h(
    "ul",
    { class: "stage-odds", "aria-label": "Base odds" },
    rarities.map(({ id, base }) =>
      h("li", null, `${rarityName(id)} `, h("b", null, percent(percentOf(base)))),
    ),
  );
}

/**
 * When it opens, closes or has closed, in the game's own time zone.
 *
 * @param {Banner} banner
 */
function times({ open, opensAt, closesAt, timeZone }) {
  /** @param {string} at */
  const at = (at) => h("time", { datetime: at }, timeIn(at, timeZone));
  if (!open && opensAt && new Date(opensAt) > new Date())
    return ["Opens ", at(opensAt)];
  if (!open) return closesAt ? ["Closed since ", at(closesAt)] : "Closed";
  return closesAt ? ["Open until ", at(closesAt)] : "Open, without an end";
}

/** @param {string[]} names */
function list(names) {
  const last = names.at(-1);
  return names.length === 1 ? last : `${names.slice(0, -1).join(", ")} and ${last}`;
}

/** @param {Game} game @param {Banner} banner @param {number} count */
function pullButton(game, banner, count) {
  const price = banner.price * count;
  const isOff = !banner.open || game.pulls.request !== null || game.isPulling;
  return h(
    "button",
    {
      type: "button",
      class: count === 1 ? "button button-second" : "button",
      "aria-disabled": String(isOff),
      onclick: (/** @type {Event} */ event) => {
        const button = /** @type {HTMLElement} */ (event.currentTarget);
        if (button.getAttribute("aria-disabled") !== "true") pull(game, banner, count);
      },
    },
    h("span", null, count === 1 ? "Pull once" : `Pull ${count}`),
    h(
      "span",
      { class: "price" },
      icon("crystal"),
      amount(price),
      h("span", { class: "seen-by-readers" }, " crystals"),
    ),
  );
}

/** @param {Game} game */
function pendingNote(game) {
  const { request } = game.pulls;
  if (request === null || game.isPulling) return "";
  return h(
    "div",
    { class: "note stage-note", role: "status" },
    h(
      "p",
      null,
      `It isn't known yet what became of your ${counted(request.body.count, "pull")}. Ask again: nothing is paid twice.`,
    ),
    h(
      "button",
      {
        type: "button",
        class: "button",
        onclick: () => showPull(game, () => game.pulls.askAgain()),
      },
      "Ask again",
    ),
  );
}

/** @param {Game} game @param {Banner} banner @param {number} count */
function pull(game, banner, count) {
  const body = { currencySpent: banner.price * count, bannerId: banner.id, count };
  return showPull(game, () => game.pulls.ask("/gacha/pull", body));
}

/** @param {Game} game @param {() => Promise<any>} ask */
async function showPull(game, ask) {
  game.beginPull();
  let error = null;
  try {
    const told = await ask();
    game.tookPull(told);
    await reveal(told.items);
  } catch (caught) {
    error = caught;
  }
  await game.endPull();
  if (error !== null) showPullError(game, error);
  else focusLastButton();
}

/** What was focused is not there any more: the view has been drawn anew. */
function focusLastButton() {
  /** @type {HTMLElement | null} */
  const button = document.querySelector(".stage-pulls .button:last-child");
  button?.focus();
}

/** @param {Game} game @param {any} error */
function showPullError(game, error) {
  if (game.isOver(error)) return;
  // What is undecided has a note of its own.
  const below = document.getElementById("pull-error");
  if (below === null || isUndecided(error)) return;
  below.replaceChildren(error.message);
  if (error instanceof Problem && error.type === "/problems/insufficient-funds") {
    below.append(" ", h("a", { href: "#purse" }, "Buy crystals"));
  }
}

/** @param {Game} game */
function standing(game) {
  return h(
    "section",
    { class: "card", "aria-labelledby": "standing-title" },
    h("h2", { id: "standing-title" }, "Where you stand"),
    standingView(game.chosen.pity.counters),
  );
}

// The odds of a banner, which are there before any pull.

import { h } from "../dom.js";
import { percent, percentOf } from "../format.js";
import { emblem, rarityMark } from "../item_card.js";
import { rarityId, rarityName } from "../rarity.js";

/**
 * @import { RarityId } from "../rarity.js"
 * @import { Item } from "../item_card.js"
 * @typedef {{id: RarityId, base: string, percentWithPity: number, hardPity: number | null}} RarityOdds
 * @typedef {{id: string, rarity: RarityId, featured: boolean, base: string, percentWithPity: number}} ItemOdds
 * @typedef {{rarities: RarityOdds[], items: ItemOdds[], rules: string[]}} Odds
 */

/**
 * @param {Odds} odds
 * @param {Item[]} items
 * @param {{id: RarityId, percent: number}[]} nextPull
 */
export function oddsView(odds, items, nextPull) {
  return h(
    "section",
    { class: "card odds", "aria-labelledby": "odds-title" },
    h("h2", { id: "odds-title" }, "What the odds are"),
    rarityTable(odds, nextPull),
    h(
      "p",
      { class: "hint" },
      "Base odds are those of a first pull. “With pity” is how often each comes in the long run, pity and guarantee included.",
    ),
    h("h3", null, "Rules"),
    h(
      "ul",
      { class: "rules" },
      odds.rules.map((rule) => h("li", null, `${capital(rule)}.`)),
    ),
    h("h3", null, `All ${items.length} heroes and items`),
    odds.rarities.map(({ id }) => itemsOf(id, odds, items)),
  );
}

/** @param {Odds} odds @param {{id: RarityId, percent: number}[]} nextPull */
function rarityTable({ rarities }, nextPull) {
  const next = new Map(nextPull.map(({ id, percent }) => [id, percent]));
  const head = ["Rarity", "Base", "With pity", "Your next pull"];
  return h(
    "table",
    { class: "odds-table" },
    h("caption", { class: "seen-by-readers" }, "Odds by rarity"),
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
      rarities.map(({ id, base, percentWithPity, hardPity }) =>
        h(
          "tr",
          null,
          h(
            "th",
            { scope: "row" },
            rarityMark(id),
            hardPity === null
              ? ""
              : h("span", { class: "by-pull" }, `certain by pull ${hardPity}`),
          ),
          h("td", null, percent(percentOf(base))),
          h("td", null, percent(percentWithPity)),
          h("td", { class: "own" }, percent(next.get(id) ?? 0)),
        ),
      ),
    ),
  );
}

/** @param {RarityId} rarity @param {Odds} odds @param {Item[]} items */
function itemsOf(rarity, odds, items) {
  const ofRarity = items.filter((item) => rarityId(item.rarity) === rarity);
  const oddsOf = new Map(odds.items.map((item) => [item.id, item]));
  return h(
    "details",
    { class: "pool" },
    h("summary", null, `${rarityName(rarity)} (${ofRarity.length})`),
    h(
      "table",
      { class: "pool-table" },
      h(
        "thead",
        null,
        h(
          "tr",
          null,
          ["Name", "Base", "With pity"].map((name) => h("th", { scope: "col" }, name)),
        ),
      ),
      h(
        "tbody",
        null,
        ofRarity.map((item) => {
          const own = /** @type {ItemOdds} */ (oddsOf.get(item.id));
          return h(
            "tr",
            { class: `rarity-${rarity}` },
            h(
              "th",
              { scope: "row" },
              h(
                "span",
                { class: "pool-name" },
                emblem(item),
                h("span", null, item.name),
                own.featured ? h("span", { class: "tag" }, "featured") : "",
              ),
            ),
            h("td", null, percent(percentOf(own.base))),
            h("td", null, percent(own.percentWithPity)),
          );
        }),
      ),
    ),
  );
}

/** @param {string} text */
function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

// How lucky the player was: the rarest that came, against the exact distribution.

import { distributionPlot } from "../distribution_plot.js";
import { h } from "../dom.js";
import { counted, percent } from "../format.js";
import { rarityName } from "../rarity.js";

/**
 * @import { Game } from "../game.js"
 * @import { RarityId } from "../rarity.js"
 * @typedef {{mean: number, atMost: number, atLeast: number, luck: number, first: number, probabilities: number[]}} Distribution
 * @typedef {{rarity: RarityId, pulls: number, hits: number, distribution: Distribution | null, reason: string | null}} Luck
 */

/** @param {Game} game */
export function luckView(game) {
  const body = h(
    "div",
    { class: "card", "aria-busy": "true" },
    h("p", null, "Counting…"),
  );
  const view = h("div", { class: "wide" }, h("h1", { tabindex: -1 }, "Luck"), body);
  show();
  return view;

  async function show() {
    const banner = game.chosen?.banner.id ?? "starter";
    try {
      const luck = await game.api.get(
        `/gacha/luck?banner=${encodeURIComponent(banner)}`,
      );
      body.replaceChildren(...parts(luck, game.chosen?.banner.name ?? banner));
    } catch (error) {
      if (game.isOver(error)) return;
      const { message } = /** @type {Error} */ (error);
      body.replaceChildren(
        h("p", { class: "form-error", role: "alert" }, message),
        h(
          "button",
          { class: "quiet-button", type: "button", onclick: show },
          "Try again",
        ),
      );
    }
    body.setAttribute("aria-busy", "false");
  }
}

/** @param {Luck} luck @param {string} bannerName */
function parts({ rarity, pulls, hits, distribution, reason }, bannerName) {
  const name = rarityName(rarity).toLowerCase();
  if (pulls === 0) {
    return [
      h(
        "p",
        { class: "empty" },
        `You have not pulled on ${bannerName} yet, so luck has had no say. `,
        h("a", { href: "#banner" }, "To the banner"),
      ),
    ];
  }
  const said = h(
    "p",
    { class: "luck-said" },
    "In ",
    h("b", null, counted(pulls, "pull")),
    ` on ${bannerName} you got `,
    h("b", null, `${hits} ${name}`),
    ".",
  );
  if (distribution === null) {
    return [said, h("p", { class: "note" }, `No comparison is possible: ${reason}.`)];
  }
  return [
    said,
    h(
      "p",
      { class: "luck-rank" },
      h("strong", null, percent(100 * distribution.luck)),
      " of all players have less luck than you, ties halved.",
    ),
    distributionPlot({ ...distribution, hits, pulls, name }),
    facts(distribution, hits, name),
  ];
}

/** @param {Distribution} distribution @param {number} hits @param {string} name */
function facts({ mean, atMost, atLeast, first, probabilities }, hits, name) {
  return h(
    "div",
    null,
    h(
      "dl",
      { class: "facts" },
      fact("On average", `${Number(mean.toPrecision(4))}`),
      fact(`${hits} or more`, percent(100 * atLeast)),
      fact(`${hits} or fewer`, percent(100 * atMost)),
    ),
    h(
      "details",
      { class: "pool" },
      h("summary", null, "The figures of the plot"),
      h(
        "table",
        { class: "pool-table" },
        h(
          "thead",
          null,
          h(
            "tr",
            null,
            h("th", { scope: "col" }, `Number of ${name}`),
            h("th", { scope: "col" }, "Probability"),
          ),
        ),
        h(
          "tbody",
          null,
          probabilities.map((probability, index) =>
            h(
              "tr",
              null,
              h("th", { scope: "row" }, first + index),
              h("td", null, percent(100 * probability)),
            ),
          ),
        ),
      ),
    ),
  );
}

/** @param {string} term @param {string} value */
function fact(term, value) {
  return h("div", null, h("dt", null, term), h("dd", null, value));
}

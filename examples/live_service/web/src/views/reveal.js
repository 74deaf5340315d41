// What a pull gave: cards that turn over, the rarest last to be lit. It can be skipped, and
// who asked for less motion sees everything at once.

import { announce, h } from "../dom.js";
import { counted } from "../format.js";
import { itemCard } from "../item_card.js";
import { byRarity, RARITY_IDS, rarityId, rarityName } from "../rarity.js";

/** @import { Item } from "../item_card.js" */

const FIRST_MS = 350;
const EACH_MS = 260;
const RARE_MS = 700;

/**
 * Shows the items in a dialog; resolves when it is closed.
 *
 * @param {Item[]} items in the order drawn
 * @returns {Promise<void>}
 */
export function reveal(items) {
  const cards = items.map((item) => ({ item, element: turnedCard(item) }));
  const done = h("button", { class: "button", type: "button" }, "Show all");
  const heading = h("h2", { tabindex: -1 }, "From the water comes…");
  const dialog = h(
    "dialog",
    {
      class: items.length === 1 ? "reveal reveal-one" : "reveal",
      "aria-labelledby": "reveal-title",
    },
    h(
      "div",
      { class: "reveal-inner" },
      heading,
      h(
        "ul",
        { class: "reveal-cards" },
        cards.map(({ element }) => element),
      ),
      h("p", { class: "reveal-sum" }),
      done,
    ),
  );
  heading.id = "reveal-title";
  document.body.append(dialog);
  dialog.showModal();

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let isShown = false;
  const showAll = () => {
    clearTimeout(timer);
    isShown = true;
    for (const { element } of cards) turn(element);
    heading.textContent = `You drew ${counted(items.length, "item")}`;
    const sum = summary(items);
    const line = dialog.querySelector(".reveal-sum");
    if (line) line.textContent = sum;
    done.textContent = "Take them";
    done.focus();
    announce(
      `You drew ${items.map(({ name, rarity }) => `${name}, ${rarity}`).join("; ")}.`,
    );
  };
  /** @param {number} index */
  const showNext = (index) => {
    if (index === cards.length) return showAll();
    turn(cards[index].element);
    const next = cards[index + 1]?.item.rarity;
    timer = setTimeout(
      showNext,
      next && next !== "rare" ? RARE_MS : EACH_MS,
      index + 1,
    );
  };
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) showAll();
  else timer = setTimeout(showNext, FIRST_MS, 0);

  return new Promise((resolve) => {
    done.addEventListener("click", () => (isShown ? dialog.close() : showAll()));
    dialog.addEventListener("close", () => {
      clearTimeout(timer);
      dialog.remove();
      resolve();
    });
  });
}

/** @param {Item} item */
function turnedCard(item) {
  return h(
    "li",
    { class: `turn-card rarity-${rarityId(item.rarity)}` },
    h("div", { class: "turn-inner" }, h("div", { class: "turn-back" }), itemCard(item)),
  );
}

/** @param {HTMLElement} card */
function turn(card) {
  card.classList.add("turned");
}

/** @param {Item[]} items */
function summary(items) {
  const drawn = items.map(({ rarity }) => rarityId(rarity)).sort(byRarity);
  return RARITY_IDS.map((id) => [id, drawn.filter((each) => each === id).length])
    .filter(([, count]) => count)
    .map(
      ([id, count]) => `${count} ${rarityName(/** @type {any} */ (id)).toLowerCase()}`,
    )
    .join(", ");
}

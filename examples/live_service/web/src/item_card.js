// An item as it is shown: an emblem of its own, its name, and its rarity, which is told by
// word, by lamps and by the frame as well as by colour.

import { h, s } from "./dom.js";
import { lampsOf, rarityId, rarityName } from "./rarity.js";

/**
 * @import { RarityId } from "./rarity.js"
 * @typedef {{id: string, name: string, type: "hero" | "item", rarity: string}} Item
 */

/** @param {Item} item */
export function itemCard(item) {
  const rarity = rarityId(item.rarity);
  return h(
    "div",
    { class: `item-card rarity-${rarity}` },
    emblem(item),
    h("p", { class: "item-name" }, item.name),
    rarityMark(rarity),
  );
}

/**
 * The rarity: as many lamps as it is worth, and its name.
 *
 * @param {RarityId} id
 */
export function rarityMark(id) {
  return h(
    "span",
    { class: `rarity-mark rarity-${id}` },
    s(
      "svg",
      {
        class: "lamps",
        viewBox: `0 0 ${14 * lampsOf(id)} 16`,
        width: 14 * lampsOf(id),
        height: 16,
        "aria-hidden": "true",
      },
      Array.from({ length: lampsOf(id) }, (_, index) =>
        s("path", {
          d: "M3 6 7 1.5 11 6ZM3.8 7H10.2L11 12.5H3ZM2.5 13.2H11.5V15H2.5Z",
          transform: `translate(${14 * index} 0)`,
          fill: "currentColor",
        }),
      ),
    ),
    rarityName(id),
  );
}

/**
 * A picture made from the item's id: the same each time, and no two alike. Heroes are
 * round, things have corners.
 *
 * @param {Item} item
 */
export function emblem({ id, type }) {
  const draw = numbers(id);
  const isHero = type === "hero";
  const points = isHero ? 6 + Math.floor(draw() * 5) : 3 + Math.floor(draw() * 4);
  const turn = draw() * 360;
  const inner = 0.36 + draw() * 0.26;
  const rings = 1 + Math.floor(draw() * 3);
  return s(
    "svg",
    { class: "emblem", viewBox: "-50 -50 100 100", "aria-hidden": "true" },
    isHero
      ? s("circle", { r: 46, class: "emblem-ground" })
      : s("path", { d: polygon(3, 47, 47, 30), class: "emblem-ground" }),
    s("path", {
      d: polygon(points, 39, 39 * inner, turn),
      class: "emblem-rays",
    }),
    Array.from({ length: rings }, (_, index) =>
      s("circle", { r: 9 + 8 * index, class: "emblem-ring" }),
    ),
    s("path", {
      d: isHero ? "M0 -9 5 0 0 9 -5 0Z" : "M-6 -6H6V6H-6Z",
      class: "emblem-heart",
      transform: `rotate(${Math.round(turn)})`,
    }),
  );
}

/**
 * A star of so many points, or a polygon where both radii are the same.
 *
 * @param {number} points
 * @param {number} outer
 * @param {number} inner
 * @param {number} turn in degrees
 */
function polygon(points, outer, inner, turn) {
  const corners = Array.from({ length: 2 * points }, (_, index) => {
    const radius = index % 2 === 0 ? outer : inner;
    const angle = (turn / 180 + index / points) * Math.PI;
    const [x, y] = [radius * Math.cos(angle), radius * Math.sin(angle)];
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  });
  return `M${corners.join("L")}Z`;
}

/**
 * Numbers from 0 to 1 that follow from a text (FNV-1a, then a xorshift).
 *
 * @param {string} text
 */
function numbers(text) {
  let state = 0x811c9dc5;
  for (const character of text) {
    state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 0x01000193);
  }
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

// The game's rarities: their colours are in the style sheets, here is what tells them
// apart without colour.

/** @typedef {"ultra_rare" | "super_rare" | "rare"} RarityId */

/** @type {Record<RarityId, {name: string, lamps: number}>} */
const RARITIES = {
  ultra_rare: { name: "Ultra rare", lamps: 3 },
  super_rare: { name: "Super rare", lamps: 2 },
  rare: { name: "Rare", lamps: 1 },
};

/** Rarest first. */
export const RARITY_IDS = /** @type {RarityId[]} */ (Object.keys(RARITIES));

/**
 * The id of a rarity as an item names it, `ultra rare`.
 *
 * @param {string} spoken
 */
export function rarityId(spoken) {
  return /** @type {RarityId} */ (spoken.replaceAll(" ", "_"));
}

/** @param {RarityId} id */
export function rarityName(id) {
  return RARITIES[id].name;
}

/** @param {RarityId} id */
export function lampsOf(id) {
  return RARITIES[id].lamps;
}

/**
 * The better of two comes first.
 *
 * @param {RarityId} one
 * @param {RarityId} other
 */
export function byRarity(one, other) {
  return RARITY_IDS.indexOf(one) - RARITY_IDS.indexOf(other);
}

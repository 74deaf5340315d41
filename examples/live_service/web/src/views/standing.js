// Where the player stands with the banner's counters.

import { h } from "../dom.js";

/**
 * @typedef {{name: string, value: number, lowest: number, highest: number, text: string}} Counter
 * @param {Counter[]} counters
 */
export function standingView(counters) {
  return h(
    "ul",
    { class: "standing", "aria-label": "Your pity counters" },
    counters.map((counter) =>
      h("li", null, meter(counter), h("span", null, capital(counter.text))),
    ),
  );
}

/** @param {Counter} counter */
function meter({ name, value, lowest, highest, text }) {
  if (highest - lowest === 1) {
    return h("span", {
      class: value > lowest ? "mark-dot mark-dot-on" : "mark-dot",
      "aria-hidden": "true",
    });
  }
  return h("progress", {
    class: `pity-${name.split(":")[1] ?? ""}`,
    value: value - lowest,
    max: highest - lowest + 1,
    "aria-label": text,
  });
}

/** @param {string} text */
function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

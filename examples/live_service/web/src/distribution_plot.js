// A bar for each count and how likely it is; the player's own is marked by a pointer and
// hatched, so that it can be told without colour.

import { s } from "./dom.js";
import { counted, percent } from "./format.js";

// In a narrow window everything is drawn closer together, so that it can be read.
const NARROW = matchMedia("(max-width: 45rem)");
const WIDE_SIZE = [640, 260];
const NARROW_SIZE = [320, 220];
const MARGIN = { left: 46, right: 14, top: 34, bottom: 44 };
const MOST_LABELS = 12;

/**
 * @param {{first: number, probabilities: number[], hits: number, pulls: number, name: string, mean: number}} law
 */
export function distributionPlot({ first, probabilities, hits, pulls, name, mean }) {
  const [fullWidth, fullHeight] = NARROW.matches ? NARROW_SIZE : WIDE_SIZE;
  const width = fullWidth - MARGIN.left - MARGIN.right;
  const height = fullHeight - MARGIN.top - MARGIN.bottom;
  const step = width / probabilities.length;
  const top = niceTop(Math.max(...probabilities));
  /** @param {number} probability */
  const y = (probability) => MARGIN.top + height * (1 - probability / top);
  /** @param {number} count */
  const x = (count) => MARGIN.left + step * (count - first + 0.5);
  const own = probabilities[hits - first] ?? 0;
  const every = Math.ceil(probabilities.length / MOST_LABELS);
  const bar = Math.max(1, Math.min(step * 0.78, 56));
  return s(
    "svg",
    {
      class: "plot",
      viewBox: `0 0 ${fullWidth} ${fullHeight}`,
      role: "img",
      "aria-labelledby": "plot-title plot-text",
    },
    s(
      "title",
      { id: "plot-title" },
      `How often ${name} come in ${counted(pulls, "pull")}`,
    ),
    s(
      "desc",
      { id: "plot-text" },
      `A bar for each number from ${first} to ${first + probabilities.length - 1}. The average is ${mean.toFixed(2)}. Yours is ${hits}, which has a probability of ${percent(100 * own)}.`,
    ),
    s(
      "defs",
      null,
      s(
        "pattern",
        {
          id: "hatch",
          width: 6,
          height: 6,
          patternUnits: "userSpaceOnUse",
          patternTransform: "rotate(45)",
        },
        s("rect", { width: 6, height: 6, class: "plot-own" }),
        s("rect", { width: 2, height: 6, class: "plot-hatch" }),
      ),
    ),
    [0, top / 2, top].flatMap((level) => [
      s("path", {
        class: "plot-line",
        d: `M${MARGIN.left} ${y(level)}H${fullWidth - MARGIN.right}`,
      }),
      s(
        "text",
        {
          class: "plot-label",
          x: MARGIN.left - 7,
          y: y(level) + 4,
          "text-anchor": "end",
        },
        percent(100 * level),
      ),
    ]),
    probabilities.map((probability, index) =>
      s("rect", {
        class: first + index === hits ? "plot-bar-own" : "plot-bar",
        fill: first + index === hits ? "url(#hatch)" : null,
        x: x(first + index) - bar / 2,
        y: Math.min(y(probability), y(0) - 1),
        width: bar,
        height: Math.max(1, y(0) - y(probability)),
      }),
    ),
    probabilities.map((_, index) =>
      index % every === 0
        ? s(
            "text",
            {
              class: "plot-label",
              x: x(first + index),
              y: fullHeight - MARGIN.bottom + 17,
              "text-anchor": "middle",
            },
            first + index,
          )
        : null,
    ),
    s(
      "text",
      {
        class: "plot-label",
        x: MARGIN.left + width / 2,
        y: fullHeight - 8,
        "text-anchor": "middle",
      },
      `number of ${name}`,
    ),
    s("path", {
      class: "plot-pointer",
      d: `M${x(hits)} ${y(own) - 5}l-5 -8h10Z`,
    }),
    s(
      "text",
      {
        class: "plot-you",
        x: clamp(x(hits), MARGIN.left + 16, fullWidth - 26),
        y: y(own) - 17,
        "text-anchor": "middle",
      },
      "you",
    ),
  );
}

/** @param {number} highest */
function niceTop(highest) {
  const unit = 10 ** Math.floor(Math.log10(highest));
  const nice = [1, 2, 4, 5, 8, 10].find((each) => each * unit >= highest) ?? 10;
  return Math.min(1, nice * unit);
}

/** @param {number} value @param {number} low @param {number} high */
function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

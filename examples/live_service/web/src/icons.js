// Small pictures that stand beside a word or have a label of their own.

import { s } from "./dom.js";

/** @type {Record<string, [tag: string, attributes: Record<string, unknown>][]>} */
const SHAPES = {
  crystal: [
    ["path", { d: "M12 2 20 9 12 22 4 9Z", fill: "currentColor", opacity: 0.28 }],
    ["path", { d: "M12 2 20 9 12 22 4 9ZM4 9H20M12 2 8.5 9 12 22 15.5 9Z" }],
  ],
  sun: [
    ["circle", { cx: 12, cy: 12, r: 4.2 }],
    [
      "path",
      {
        d: "M12 2.5v3M12 18.5v3M2.5 12h3M18.5 12h3M5.3 5.3l2.1 2.1M16.6 16.6l2.1 2.1M18.7 5.3l-2.1 2.1M7.4 16.6l-2.1 2.1",
      },
    ],
  ],
  moon: [["path", { d: "M20 14.2A8.3 8.3 0 0 1 9.8 4 8.3 8.3 0 1 0 20 14.2Z" }]],
  banner: [["path", { d: "M6 3h12v17l-6-4-6 4Z" }]],
  history: [["path", { d: "M4 6h16M4 12h16M4 18h10" }]],
  luck: [["path", { d: "M5 20V11M10 20V5M15 20V9M20 20v-5" }]],
  purse: [["path", { d: "M4 8h16v11H4ZM4 8l3-4h10l3 4M15 13.5h5" }]],
};

/** @param {keyof typeof SHAPES} name */
export function icon(name) {
  return s(
    "svg",
    {
      class: "icon",
      viewBox: "0 0 24 24",
      fill: "none",
      stroke: "currentColor",
      "stroke-width": 1.7,
      "stroke-linejoin": "round",
      "stroke-linecap": "round",
      "aria-hidden": "true",
    },
    SHAPES[name].map(([tag, attributes]) => s(tag, attributes)),
  );
}

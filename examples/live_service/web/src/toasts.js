// Short messages at the edge: errors that belong to no field, and news.

import { byId, h } from "./dom.js";

const SHOWN_FOR_MS = 9_000;

/**
 * @param {string} text
 * @param {{isNews?: boolean}} [options] news are said politely and go by themselves
 */
export function toast(text, { isNews = false } = {}) {
  const close = () => box.remove();
  const box = h(
    "div",
    { class: isNews ? "toast toast-news" : "toast", role: isNews ? "status" : "alert" },
    h("p", null, text),
    h("button", { class: "quiet-button", type: "button", onclick: close }, "Dismiss"),
  );
  byId("toasts").append(box);
  if (isNews) setTimeout(close, SHOWN_FOR_MS);
}

export function clearToasts() {
  byId("toasts").replaceChildren();
}

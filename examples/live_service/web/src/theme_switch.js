// The switch between light and dark.

import { icon } from "./icons.js";

const dark = matchMedia("(prefers-color-scheme: dark)");

/** @returns {"light" | "dark"} */
function shown() {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === "light" || chosen === "dark") return chosen;
  return dark.matches ? "dark" : "light";
}

/** @param {HTMLElement} button */
export function installThemeSwitch(button) {
  const show = () => {
    const other = shown() === "dark" ? "light" : "dark";
    button.replaceChildren(icon(other === "light" ? "sun" : "moon"));
    button.setAttribute("aria-label", `Switch to the ${other} theme`);
  };
  button.addEventListener("click", () => {
    const other = shown() === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = other;
    localStorage.setItem("theme", other);
    show();
  });
  dark.addEventListener("change", show);
  show();
}

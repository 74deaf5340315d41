// Puts the page together: who plays, and which view is shown.

import { Api } from "./api.js";
import { byId, h } from "./dom.js";
import { amount } from "./format.js";
import { Game } from "./game.js";
import { icon } from "./icons.js";
import { session } from "./session.js";
import { installThemeSwitch } from "./theme_switch.js";
import { clearToasts } from "./toasts.js";
import { bannerView } from "./views/banner.js";
import { historyView } from "./views/history.js";
import { luckView } from "./views/luck.js";
import { purseView } from "./views/purse.js";
import { signInView } from "./views/sign_in.js";

/** @type {Record<string, {name: string, view: (game: Game) => HTMLElement}>} */
const VIEWS = {
  banner: { name: "Banner", view: bannerView },
  history: { name: "History", view: historyView },
  luck: { name: "Luck", view: luckView },
  purse: { name: "Crystals", view: purseView },
};

const api = new Api(() => session.token);
/** @type {Game | null} */
let game = null;

installThemeSwitch(byId("theme"));
byId("log-out").addEventListener("click", () => leave());
addEventListener("hashchange", () => showView({ focus: true }));
if (session.token === null) leave();
else enter(session.token);

/** @param {string} token */
function enter(token) {
  session.begin(token);
  clearToasts();
  const player = /** @type {string} */ (session.player);
  game = new Game(api, player, () => leave("Your login is over. Please log in again."));
  byId("log-out").hidden = false;
  showTabs();
  game.onChange(byId("purse"), showPurse);
  showPurse();
  showView({ focus: false });
}

/** @param {string} [why] */
function leave(why) {
  game?.end();
  game = null;
  session.end();
  for (const id of ["log-out", "tabs", "purse"]) byId(id).hidden = true;
  document.title = "Ninth Lamp";
  byId("main").replaceChildren(signInView(api, enter, why));
}

/** @param {{focus: boolean}} options */
function showView({ focus }) {
  if (game === null) return;
  const wanted = location.hash.slice(1);
  const id = Object.hasOwn(VIEWS, wanted) ? wanted : "banner";
  const { name, view } = VIEWS[id];
  document.title = `${name} · Ninth Lamp`;
  for (const link of byId("tabs").querySelectorAll("a")) {
    if (link.hash === `#${id}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  byId("main").replaceChildren(view(game));
  scrollTo(0, 0);
  if (focus) byId("main").querySelector("h1")?.focus();
}

function showTabs() {
  const tabs = byId("tabs");
  tabs.hidden = false;
  tabs.replaceChildren(
    ...Object.entries(VIEWS).map(([id, { name }]) =>
      h("a", { href: `#${id}` }, icon(id), h("span", null, name)),
    ),
  );
}

function showPurse() {
  if (game === null) return;
  const purse = byId("purse");
  purse.hidden = false;
  const { balance, isOpen } = game;
  purse.replaceChildren(
    h(
      "span",
      { class: isOpen ? "line line-open" : "line" },
      h("span", { class: "line-words" }, isOpen ? "live" : "connecting"),
    ),
    icon("crystal"),
    h("b", null, balance === null ? "…" : amount(balance)),
    h("span", { class: "seen-by-readers" }, " crystals"),
  );
}

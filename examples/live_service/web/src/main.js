// Puts the page together: who plays, and which view is shown.

import { Api } from "./api.js";
import { byId, h } from "./dom.js";
import { amount } from "./format.js";
import { Game } from "./game.js";
import { icon } from "./icons.js";
import { Session } from "./session.js";
import { installThemeSwitch } from "./theme_switch.js";
import { clearToasts } from "./toasts.js";
import { bannerView } from "./views/banner.js";
import { historyView } from "./views/history.js";
import { luckView } from "./views/luck.js";
import { purseView } from "./views/purse.js";
import { signInView, tellAtDoor } from "./views/sign_in.js";

/** @type {Record<string, {name: string, view: (game: Game) => HTMLElement}>} */
const VIEWS = {
  banner: { name: "Banner", view: bannerView },
  history: { name: "History", view: historyView },
  luck: { name: "Luck", view: luckView },
  purse: { name: "Crystals", view: purseView },
};

const OVER = "Your login is over. Please log in again.";
const ELSEWHERE = "You have logged out in another tab.";
const UNTOLD =
  "You are logged out here, but the game could not be told. Its side of the login ends by itself.";

/** @type {Game | null} */
let game = null;
const session = new Session({
  onRenewed: () => game?.renewed(),
  onEnded: (why) => showDoor(why === "refused" ? OVER : ELSEWHERE),
});
const api = new Api(session);

installThemeSwitch(byId("theme"));
byId("log-out").addEventListener("click", () => leave());
addEventListener("hashchange", () => showView({ focus: true }));
if (!isSecureContext) showWhyNot();
else if (session.token === null) showDoor();
else enter();

/** Browsers have neither locks nor random keys for a page that others can change. */
function showWhyNot() {
  byId("main").replaceChildren(
    h(
      "p",
      { class: "note" },
      "The game needs an address that begins with https, or one of your own machine.",
    ),
  );
}

function enter() {
  clearToasts();
  game = new Game(api, session, () => leave(OVER));
  byId("log-out").hidden = false;
  showTabs();
  game.onChange(byId("purse"), showPurse);
  showPurse();
  showView({ focus: false });
}

/** @param {string} [why] */
async function leave(why) {
  const ended = session.end();
  showDoor(why);
  if (!(await ended)) tellAtDoor(UNTOLD);
}

/** @param {string} [why] said above the form */
function showDoor(why) {
  const isPending = Boolean(game?.pulls.request ?? game?.purchases.request);
  const kept = "Nothing is lost: what you asked for last is there when you are back.";
  game?.end();
  game = null;
  for (const id of ["log-out", "tabs", "purse"]) byId(id).hidden = true;
  document.title = "Ninth Lamp";
  const words = why && isPending ? `${why} ${kept}` : why;
  byId("main").replaceChildren(signInView(api, logIn, words));
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

/** @param {import("./session.js").Tokens} tokens */
function logIn(tokens) {
  session.begin(tokens);
  enter();
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

// What the page knows of the player's game, and who is told when that changes.

import { Pending } from "./pending.js";
import { isLoginOver } from "./problems.js";
import { GameSocket } from "./socket.js";
import { toast } from "./toasts.js";

/**
 * @import { Api } from "./api.js"
 * @import { Session } from "./session.js"
 * @import { Banner } from "./views/banner.js"
 */

export class Game {
  /** @type {number | null} */
  balance = null;
  /** @type {Banner[]} */
  banners = [];
  /** The chosen banner with all that belongs to it, as the socket tells it. @type {any} */
  chosen = null;
  isOpen = false;
  isPulling = false;
  /** @type {Map<Element, () => void>} */
  #listeners = new Map();
  /** Pulls of this page, which need not be told as news. @type {Set<string>} */
  #own = new Set();
  #ended = false;
  #onLoggedOut;
  #socket;

  /**
   * @param {Api} api
   * @param {Session} session in which a player is logged in
   * @param {() => void} onLoggedOut
   */
  constructor(api, session, onLoggedOut) {
    const player = /** @type {string} */ (session.player);
    this.api = api;
    this.pulls = new Pending(api, player, "pull");
    this.purchases = new Pending(api, player, "purchase");
    this.#onLoggedOut = onLoggedOut;
    this.#socket = new GameSocket(session, {
      onState: (isOpen) => this.#onState(isOpen),
      onEvent: (type, data) => this.#onEvent(type, data),
      onLoggedOut,
    });
    this.refreshBalance();
  }

  end() {
    this.#ended = true;
    this.#socket.close();
    this.#listeners.clear();
  }

  /** There is another token. */
  renewed() {
    this.#socket.renew();
  }

  /**
   * Calls `show` on each change, for as long as `element` is on the page.
   *
   * @param {Element} element
   * @param {() => void} show
   */
  onChange(element, show) {
    this.#listeners.set(element, show);
  }

  /** @param {string} bannerId */
  async choose(bannerId) {
    try {
      this.chosen = await this.#socket.ask("choose_banner", { bannerId });
      this.#changed();
    } catch (error) {
      if (!this.#ended) toast(/** @type {Error} */ (error).message);
    }
  }

  beginPull() {
    this.isPulling = true;
    this.#changed();
  }

  /** @param {{pullId: string, newCurrencyBalance: number}} told */
  tookPull({ pullId, newCurrencyBalance }) {
    this.#own.add(pullId);
    this.setBalance(newCurrencyBalance);
  }

  async endPull() {
    this.isPulling = false;
    await this.#refreshChosen();
    this.#changed();
  }

  /** @param {number} balance */
  setBalance(balance) {
    this.balance = balance;
    this.#changed();
  }

  async refreshBalance() {
    try {
      const { currencyBalance } = await this.api.get("/account/currency");
      this.setBalance(currencyBalance);
    } catch (error) {
      if (!this.isOver(error)) toast(/** @type {Error} */ (error).message);
    }
  }

  /**
   * Whether the error is that the login is over; then the door is shown.
   *
   * @param {unknown} error
   */
  isOver(error) {
    const over = isLoginOver(error);
    if (over && !this.#ended) this.#onLoggedOut();
    return over;
  }

  /** @param {boolean} isOpen */
  async #onState(isOpen) {
    this.isOpen = isOpen;
    this.#changed();
    if (!isOpen) return;
    await this.#refreshBanners();
    await this.#refreshChosen();
  }

  async #refreshBanners() {
    try {
      this.banners = (await this.#socket.ask("list_banners", {})).banners;
      this.#changed();
    } catch {
      // The socket has broken again: it comes back here when it is open.
    }
  }

  /** As it is chosen, or the first that is open. */
  async #refreshChosen() {
    const first = this.banners.find(({ open }) => open) ?? this.banners[0];
    const id = this.chosen?.banner.id ?? first?.id;
    if (id && this.isOpen) await this.choose(id);
  }

  /** @param {string} type @param {any} data */
  async #onEvent(type, data) {
    if (type === "pulled") {
      await this.#onPulled(data);
      return;
    }
    if (type === "resync") {
      await this.refreshBalance();
    } else {
      const did = { banner_opened: "is open now", banner_closed: "has closed" }[type];
      toast(`${data.banner.name} ${did ?? "has changed"}.`, { isNews: true });
    }
    await this.#refreshBanners();
    await this.#refreshChosen();
  }

  /** @param {any} pull */
  async #onPulled({ pullId, items, item }) {
    // One of this page is answered at about the same time.
    if (this.isPulling || this.#own.has(pullId)) return;
    const others = items.length > 1 ? ` and ${items.length - 1} more` : "";
    toast(`You drew ${item.name}${others} elsewhere.`, { isNews: true });
    await this.refreshBalance();
    await this.#refreshChosen();
  }

  #changed() {
    for (const [element, show] of this.#listeners) {
      if (element.isConnected) show();
      else this.#listeners.delete(element);
    }
  }
}

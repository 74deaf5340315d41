// What a player does at the page, by mouse or by keyboard alone.

import { openPage } from "./chromium.js";
import { Player } from "./game.js";

/**
 * @import { TestContext } from "node:test"
 * @import { Page } from "playwright-core"
 * @import { Looks } from "./chromium.js"
 */

/**
 * A page on which a new player is logged in.
 *
 * @param {TestContext} t
 * @param {string} address
 * @param {Looks & {crystals?: number}} [options]
 */
export async function play(t, address, { crystals = 0, ...looks } = {}) {
  const player = await Player.register(address, crystals);
  const { page, watch } = await openPage(t, address, looks);
  const hands = new PlayerAtPage(page);
  await hands.logIn(player.name);
  return { page, watch, hands, player };
}

/** Does things by clicking and typing. */
export class PlayerAtPage {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
  }

  /** @param {string} name of the button or link */
  async press(name) {
    await this.control(name).click();
  }

  /** @param {string} label @param {string} text */
  async fill(label, text) {
    await this.page.getByLabel(label, { exact: true }).fill(text);
  }

  /** @param {string} name */
  control(name) {
    const { page } = this;
    const button = page.getByRole("button", { name });
    const control = button.or(page.getByRole("link", { name, exact: true }));
    // A button that is not to be pressed yet is waited for.
    return control.and(page.locator(":not([aria-disabled=true])")).first();
  }

  /** @param {string} name @param {string} [banner] that is shown then */
  async register(name, banner = "First Light") {
    await this.press("Register");
    await this.fill("User name", name);
    await this.fill("E-mail", "player@example.com");
    await this.fill("Password", Player.PASSWORD);
    await this.press("Register and play");
    await this.page.getByRole("heading", { name: banner }).waitFor();
  }

  /** @param {string} name */
  async logIn(name) {
    await this.fill("User name", name);
    await this.fill("Password", Player.PASSWORD);
    await this.press("Log in");
    await this.page.getByRole("heading", { name: "First Light" }).waitFor();
  }

  /** @param {number} crystals */
  async buy(crystals) {
    await this.press("Crystals");
    await this.fill("Or another amount", String(crystals));
    await this.press("Buy");
    await this.page.getByText(/^Bought\. .*Back to/).waitFor();
  }
}

/** Does the same by Tab, Enter and Space alone. */
export class PlayerAtKeyboard extends PlayerAtPage {
  /** @param {string} name */
  async press(name) {
    await this.#tabTo(this.control(name));
    await this.page.keyboard.press("Enter");
  }

  /** @param {string} label @param {string} text */
  async fill(label, text) {
    await this.#tabTo(this.page.getByLabel(label, { exact: true }));
    await this.page.keyboard.type(text);
  }

  /** @param {import("playwright-core").Locator} wanted */
  async #tabTo(wanted) {
    await wanted.waitFor();
    for (let presses = 0; presses < 60; presses++) {
      if (await wanted.evaluate((element) => element === document.activeElement))
        return;
      await this.page.keyboard.press("Tab");
    }
    throw new Error(`the keyboard does not come to ${wanted}`);
  }
}

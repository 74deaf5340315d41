// Buying crystals.

import { isUndecided } from "../api.js";
import { announce, h } from "../dom.js";
import { amount } from "../format.js";
import { field, onSubmit, showError } from "../forms.js";
import { icon } from "../icons.js";

/** @import { Game } from "../game.js" */

const PACKS = [1600, 8000, 16_000];
const METHODS = [
  ["card", "Card"],
  ["paypal", "PayPal"],
  ["bank_transfer", "Bank transfer"],
];
const MOST = 2 ** 53 - 1;

/** @param {Game} game */
export function purseView(game) {
  const form = h(
    "form",
    { class: "form card" },
    h(
      "fieldset",
      null,
      h("legend", null, "How many crystals"),
      h(
        "div",
        { class: "packs" },
        PACKS.map((pack, index) => packChoice(pack, index === 1)),
      ),
    ),
    field(
      "amount",
      "Or another amount",
      {
        inputmode: "numeric",
        pattern: "[0-9]{1,16}",
        title: "A whole number.",
        autocomplete: "off",
      },
      "160 crystals are one pull on most banners",
    ),
    h(
      "fieldset",
      null,
      h("legend", null, "Pay by"),
      h(
        "div",
        { class: "choices" },
        METHODS.map(([id, name], index) =>
          h(
            "label",
            { class: "choice" },
            h("input", {
              type: "radio",
              name: "paymentMethod",
              id: `pay-${id}`,
              value: id,
              checked: index === 0,
            }),
            name,
          ),
        ),
      ),
    ),
    h("button", { class: "button", type: "submit" }, "Buy"),
    h(
      "p",
      { class: "hint" },
      "The provider behind this game is a sandbox: no money is taken.",
    ),
  );
  onSubmit(form, async ({ pack, amount: other, paymentMethod }) => {
    const wanted = other ? Number(other) : Number(pack);
    if (!Number.isSafeInteger(wanted) || wanted < 1) {
      throw new Error(`The amount must be a whole number from 1 to ${amount(MOST)}.`);
    }
    await settle(() =>
      game.purchases.ask("/account/buy-currency", { amount: wanted, paymentMethod }),
    );
  });

  const undecided = h("div");
  showUndecided();
  return h(
    "div",
    { class: "narrow" },
    h("h1", { tabindex: -1 }, "Buy crystals"),
    undecided,
    form,
  );

  /** @param {() => Promise<any>} ask */
  async function settle(ask) {
    try {
      const { newBalance } = await ask();
      game.setBalance(newBalance);
      form.reset();
      const done = `Bought. You have ${amount(newBalance)} crystals now.`;
      announce(done);
      undecided.replaceChildren(
        h(
          "p",
          { class: "note note-good" },
          done,
          " ",
          h("a", { href: "#banner" }, "Back to the banner"),
        ),
      );
    } catch (error) {
      if (game.isOver(error)) return;
      if (!isUndecided(error)) throw error;
      showUndecided();
    }
  }

  function showUndecided() {
    const { request } = game.purchases;
    if (request === null) return;
    const askAgain = async () => {
      undecided.replaceChildren();
      await settle(() => game.purchases.askAgain()).catch((error) =>
        showError(form, error),
      );
    };
    undecided.replaceChildren(
      h(
        "div",
        { class: "note", role: "status" },
        h(
          "p",
          null,
          `It isn't known yet what became of your purchase of ${amount(request.body.amount)} crystals. Ask again: nothing is paid twice.`,
        ),
        h(
          "button",
          { class: "button", type: "button", onclick: askAgain },
          "Ask again",
        ),
      ),
    );
  }
}

/** @param {number} pack @param {boolean} checked */
function packChoice(pack, checked) {
  return h(
    "label",
    { class: "pack" },
    h("input", {
      type: "radio",
      name: "pack",
      id: `pack-${pack}`,
      value: pack,
      checked,
    }),
    icon("crystal"),
    h("b", null, amount(pack)),
    h("small", null, `${pack / 160} pulls`),
  );
}

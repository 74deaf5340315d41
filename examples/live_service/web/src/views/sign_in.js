// The door: register, or log in.

import { h } from "../dom.js";
import { field, onSubmit } from "../forms.js";

/**
 * @import { Api } from "../api.js"
 * @import { Tokens } from "../session.js"
 * @param {Api} api
 * @param {(tokens: Tokens) => void} onLogin
 * @param {string} [why] said above the form
 */
export function signInView(api, onLogin, why) {
  const card = h("div", { class: "card door-card" });
  show("login");
  return h(
    "div",
    { class: "door" },
    h(
      "section",
      { class: "door-scene" },
      h("img", { src: "/web/art/first-light.svg", alt: "" }),
      h(
        "div",
        { class: "door-words" },
        h("h1", null, "Nine lamps on the pier. One of them is yours."),
        h(
          "p",
          null,
          "Heroes come in with the first light. Every chance is shown before you pull, and how lucky you were, after.",
        ),
      ),
    ),
    card,
  );

  /** @param {"login" | "register"} kind */
  function show(kind) {
    const isNew = kind === "register";
    const form = isNew ? registerForm(api, onLogin) : logInForm(api, onLogin);
    card.replaceChildren(
      h("h2", null, isNew ? "Register" : "Log in"),
      why && !isNew ? h("p", { class: "note", role: "status" }, why) : "",
      form,
      h(
        "p",
        { class: "door-other" },
        isNew ? "You have been here before?" : "You are new here?",
        " ",
        h(
          "button",
          {
            type: "button",
            class: "link-button",
            onclick: () => {
              show(isNew ? "login" : "register");
              card.querySelector("input")?.focus();
            },
          },
          isNew ? "Log in" : "Register",
        ),
      ),
    );
  }
}

/**
 * Says something above the form, and leaves what was typed into it alone.
 *
 * @param {string} text
 */
export function tellAtDoor(text) {
  const form = document.querySelector(".door-card form");
  form?.before(h("p", { class: "note", role: "alert" }, text));
}

/** @param {Api} api @param {(tokens: Tokens) => void} onLogin */
function logInForm(api, onLogin) {
  const form = h(
    "form",
    { class: "form" },
    field("username", "User name", {
      required: true,
      autocomplete: "username",
      autocapitalize: "none",
      spellcheck: "false",
    }),
    field("password", "Password", {
      required: true,
      type: "password",
      autocomplete: "current-password",
    }),
    h("button", { class: "button", type: "submit" }, "Log in"),
  );
  onSubmit(form, async ({ username, password }) => {
    const tokens = await api.post("/account/login", { username, password });
    onLogin(tokens);
  });
  return form;
}

/** @param {Api} api @param {(tokens: Tokens) => void} onLogin */
function registerForm(api, onLogin) {
  const form = h(
    "form",
    { class: "form" },
    field(
      "username",
      "User name",
      {
        required: true,
        minlength: 3,
        maxlength: 32,
        pattern: "[A-Za-z0-9_.\\-]+",
        title: "Letters, digits, dots, hyphens and underscores.",
        autocomplete: "username",
        autocapitalize: "none",
        spellcheck: "false",
      },
      "3 to 32 letters, digits, dots, hyphens or underscores",
    ),
    field("email", "E-mail", { required: true, type: "email", autocomplete: "email" }),
    field(
      "password",
      "Password",
      {
        required: true,
        minlength: 8,
        maxlength: 128,
        type: "password",
        autocomplete: "new-password",
      },
      "8 characters or more",
    ),
    h("button", { class: "button", type: "submit" }, "Register and play"),
  );
  onSubmit(form, async ({ username, email, password }) => {
    await api.post("/account/register", { username, email, password });
    const tokens = await api.post("/account/login", { username, password });
    onLogin(tokens);
  });
  return form;
}

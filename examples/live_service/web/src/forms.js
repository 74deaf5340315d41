// Forms whose errors stand beside the fields they are about.

import { h } from "./dom.js";
import { Problem } from "./problems.js";

/**
 * A labelled field with room for a hint and for what is wrong with it.
 *
 * @param {string} name as the service calls it
 * @param {string} label
 * @param {Record<string, unknown>} input attributes
 * @param {string} [hint]
 */
export function field(name, label, input, hint) {
  const id = `field-${name}`;
  return h(
    "div",
    { class: "field" },
    h("label", { for: id }, label),
    h("input", {
      id,
      name,
      "aria-describedby": `${id}-hint ${id}-error`,
      ...input,
    }),
    h("p", { class: "hint", id: `${id}-hint` }, hint ?? ""),
    h("p", { class: "field-error", id: `${id}-error` }),
  );
}

/**
 * Runs `submit` when the form is sent, once at a time, and shows what goes wrong.
 *
 * @param {HTMLFormElement} form
 * @param {(values: Record<string, string>) => Promise<void>} submit
 */
export function onSubmit(form, submit) {
  form.noValidate = true;
  form.append(h("p", { class: "form-error", role: "alert" }));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button[type=submit]");
    if (button?.getAttribute("aria-disabled") === "true") return;
    clearErrors(form);
    const invalid = firstInvalid(form);
    if (invalid) {
      invalid.focus();
      return;
    }
    button?.setAttribute("aria-disabled", "true");
    try {
      const values = Object.fromEntries(new FormData(form));
      await submit(/** @type {Record<string, string>} */ (values));
    } catch (error) {
      showError(form, error);
    } finally {
      button?.setAttribute("aria-disabled", "false");
    }
  });
}

/**
 * Shows an error at the fields that it names, or else below the form.
 *
 * @param {HTMLFormElement} form
 * @param {unknown} error
 */
export function showError(form, error) {
  const fields = error instanceof Problem ? error.fields : new Map();
  let shown = false;
  for (const [name, message] of fields) {
    const input = inputOf(form, name);
    if (!input) continue;
    markInvalid(input, `This ${message}.`);
    if (!shown) input.focus();
    shown = true;
  }
  const below = form.querySelector(".form-error");
  if (!shown && below) {
    below.textContent = error instanceof Error ? error.message : String(error);
  }
}

/** @param {HTMLFormElement} form */
function clearErrors(form) {
  for (const input of inputsOf(form)) {
    input.removeAttribute("aria-invalid");
    const error = form.querySelector(`#${CSS.escape(input.id)}-error`);
    if (error) error.textContent = "";
  }
  const below = form.querySelector(".form-error");
  if (below) below.textContent = "";
}

/** @param {HTMLFormElement} form */
function firstInvalid(form) {
  let first = null;
  for (const input of inputsOf(form)) {
    if (input.checkValidity()) continue;
    markInvalid(input, input.validationMessage);
    first ??= input;
  }
  return first;
}

/** @param {HTMLInputElement} input @param {string} message */
function markInvalid(input, message) {
  input.setAttribute("aria-invalid", "true");
  const error = input.form?.querySelector(`#${CSS.escape(input.id)}-error`);
  if (error) error.textContent = message;
}

/** @param {HTMLFormElement} form @returns {HTMLInputElement[]} */
function inputsOf(form) {
  return [...form.querySelectorAll("input")];
}

/** @param {HTMLFormElement} form @param {string} name */
function inputOf(form, name) {
  return inputsOf(form).find((input) => input.name === name && input.type !== "radio");
}

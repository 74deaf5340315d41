// Elements without HTML in strings: what comes from a server is text and stays text.

/** @typedef {Node | string | number | null | undefined | false} Child */

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element. `on…` members are listeners, others attributes; false and null leave one
 * out, true gives it without a value.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, unknown> | null} [members]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, members, ...children) {
  return fill(document.createElement(tag), members, children);
}

/**
 * The same for SVG.
 *
 * @param {string} tag
 * @param {Record<string, unknown> | null} [members]
 * @param {...(Child | Child[])} children
 * @returns {SVGElement}
 */
export function s(tag, members, ...children) {
  return fill(document.createElementNS(SVG, tag), members, children);
}

/**
 * @template {Element} T
 * @param {T} element
 * @param {Record<string, unknown> | null | undefined} members
 * @param {(Child | Child[])[]} children
 * @returns {T}
 */
function fill(element, members, children) {
  for (const [name, value] of Object.entries(members ?? {})) {
    if (name.startsWith("on")) {
      const listener = /** @type {EventListener} */ (value);
      element.addEventListener(name.slice(2).toLowerCase(), listener);
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  for (const child of children.flat()) {
    if (child instanceof Node) element.append(child);
    else if (child || child === 0) element.append(String(child));
  }
  return element;
}

/**
 * Draws a view anew: what was unfolded stays so, and what had the focus keeps it.
 *
 * @param {Element} view
 * @param {Child[]} children
 */
export function redraw(view, children) {
  const focusable = "a, button, input, summary";
  const active = /** @type {Element} */ (document.activeElement);
  const focused = [...view.querySelectorAll(focusable)].indexOf(active);
  const unfolded = [...view.querySelectorAll("details")].map(({ open }) => open);
  view.replaceChildren();
  fill(view, null, children);
  for (const [index, details] of view.querySelectorAll("details").entries()) {
    details.open = unfolded[index] ?? false;
  }
  const again = focused < 0 ? null : view.querySelectorAll(focusable)[focused];
  /** @type {HTMLElement | null} */ (again)?.focus();
}

/**
 * The element of that id, which the page has.
 *
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}

/**
 * Says something to those who listen to the page.
 *
 * @param {string} text
 */
export function announce(text) {
  const announcer = byId("announcer");
  // The same text twice is said twice only if it was gone in between.
  announcer.textContent = "";
  requestAnimationFrame(() => {
    announcer.textContent = text;
  });
}

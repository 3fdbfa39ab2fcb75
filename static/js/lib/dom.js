/** Build and keep elements. Text goes in as text only, never as markup. */
import { ICONS } from './icons.js';

const SVG = 'http://www.w3.org/2000/svg';

/** @typedef {Node|string|null|undefined|false} Child */

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, any>} [attributes] functions named on* become listeners; false and null are left out
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  set(element, attributes);
  element.append(.../** @type {(Node|string)[]} */ (children.filter((child) => child || child === '')));
  return element;
}

/** @param {Element} element @param {Record<string, any>} attributes */
export function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (value === false || value === null || value === undefined) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
}

/** @param {string} tag @param {Record<string, string|number>} attributes @param {...SVGElement} children @returns {SVGElement} */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return /** @type {SVGElement} */ (element);
}

/** A picture of our set; always beside or inside something that has a name. @param {string} name */
export function icon(name) {
  const { line, full } = ICONS[name];
  const path = full ? svg('path', { d: full, class: 'full' }) : svg('path', { d: line ?? '' });
  return svg('svg', { class: 'icon', 'aria-hidden': 'true', viewBox: '0 0 24 24' }, path);
}

/** Set text only where it differs, so that nothing is read out again. @param {Element} element @param {string} text */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Make the children of a parent those of a list, keeping the elements that are there already.
 * @template T
 * @param {Element} parent
 * @param {T[]} items
 * @param {(item: T) => string} keyOf
 * @param {(item: T) => HTMLElement} make
 * @param {(element: HTMLElement, item: T) => void} [update]
 */
export function keep(parent, items, keyOf, make, update = () => {}) {
  const old = new Map([...parent.children].map((child) => [/** @type {HTMLElement} */ (child).dataset.key, child]));
  let after = /** @type {Element|null} */ (null);
  for (const item of items) {
    const key = keyOf(item);
    const element = /** @type {HTMLElement} */ (old.get(key) ?? make(item));
    old.delete(key);
    element.dataset.key = key;
    update(element, item);
    const place = after ? after.nextElementSibling : parent.firstElementChild;
    if (place !== element) parent.insertBefore(element, place);
    after = element;
  }
  for (const gone of old.values()) gone.remove();
}

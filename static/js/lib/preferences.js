/** What a visitor set for themselves, in all rooms; kept in this browser, told to nobody. */
import { recall, remember } from './storage.js';

/**
 * @typedef {object} Preferences
 * @property {number} volume          of everything that sounds, 0 to 1
 * @property {boolean} sounds         the page's own cues
 * @property {boolean} spoken         prompts, turns and results are heard, where a room says them
 * @property {boolean} vibration
 * @property {'system'|'dark'|'light'} theme
 * @property {''|'en'|'de'} language  '' is what the browser wants
 * @property {string} microphone      the id of a device; '' is what the browser chooses
 * @property {'off'|'on'|'large'} captions
 * @property {string} mask              what one's voice sounds like to all others
 * @property {boolean} checked        the microphone was tried and heard: next time the check is short
 */

/** @type {Preferences} */
export const DEFAULTS = Object.freeze({ volume: 1, sounds: true, spoken: true, vibration: true, theme: 'system', language: '', microphone: '', captions: 'on', mask: 'none', checked: false });

/** What a choice may be. @type {Record<string, readonly string[]>} */
export const CHOICES = { theme: ['system', 'dark', 'light'], language: ['', 'en', 'de'], captions: ['off', 'on', 'large'],
  mask: ['none', 'mouse', 'giant', 'robot', 'whisper', 'radio', 'underwater', 'alien', 'choir'] };

/** @type {Set<(changed: Preferences) => void>} */
const watchers = new Set();
/** @type {Partial<Preferences>} what was set here counts, also where nothing can be kept */
let known = {};

/** @template {keyof Preferences} N @param {N} name @returns {Preferences[N]} */
export function get(name) {
  const value = /** @type {any} */ (known)[name] ?? recall(name, null);
  return isFit(name, value) ? value : DEFAULTS[name];
}

/** @template {keyof Preferences} N @param {N} name @param {Preferences[N]} value */
export function set(name, value) {
  if (!isFit(name, value)) return;
  known = { ...known, [name]: value };
  remember(name, value);
  tell();
}

/** Be told now and whenever something is set, also in another tab; returns how to stop that. @param {(all: Preferences) => void} watcher */
export function subscribe(watcher) {
  watchers.add(watcher);
  watcher(all());
  return () => void watchers.delete(watcher);
}

/** @returns {Preferences} */
export function all() {
  const names = /** @type {(keyof Preferences)[]} */ (Object.keys(DEFAULTS));
  return /** @type {any} */ (Object.fromEntries(names.map((name) => [name, get(name)])));
}

/** Storage holds whatever anybody put there. @param {string} name @param {unknown} value */
function isFit(name, value) {
  if (name in CHOICES) return CHOICES[name].includes(/** @type {string} */ (value));
  if (name === 'volume') return typeof value === 'number' && value >= 0 && value <= 1;
  return typeof value === typeof (/** @type {any} */ (DEFAULTS)[name]);
}

function tell() {
  for (const watcher of watchers) watcher(all());
}

globalThis.addEventListener?.('storage', ({ key }) => {
  if (key !== null && !key.startsWith('wonder.')) return;
  known = {};
  tell();
});

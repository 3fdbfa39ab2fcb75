/** Search: what was said and written in this room. A hit is jumped to; a voice is played. */
import '../lib/words-search.js';
import { h, icon, keep, say, set } from '../lib/dom.js';
import { time } from '../lib/format.js';
import { shapeOf } from '../lib/shape.js';
import { sheet } from '../lib/sheet.js';
import { counted, refusal, t } from '../lib/text.js';
import { search } from '../wire/search.js';
import { markOf } from './voice-name.js';

/** @typedef {import('../session/session.js').Session} Session */
/** @typedef {import('../wire/search.js').Hit} Hit */

const TYPED_MS = 250; // after the last letter
const ROWS_TRIED = 40; // of the list of voices, 30 more each time

/** @param {Session} session */
export async function open(session) {
  const input = h('input', { type: 'search', id: 'search', dir: 'auto', maxlength: 100, autocomplete: 'off', enterkeyhint: 'search', 'aria-label': t('search.title'), placeholder: t('search.hint') });
  const note = h('p', { class: 'sheet-note', role: 'status' }, t('search.about'));
  const list = h('ol', { class: 'hits' });
  const finder = new Finder(session.id, (hits, words) => {
    say(note, words);
    const shown = hits.filter(({ clip, by }) => !(clip && session.hidden.has(clip)) && !session.model.hidden.includes(by?.id ?? ''));
    keep(list, shown, ({ seq }) => String(seq), (hit) => hitRow(hit, () => (dialog.close(), jump(session, hit))));
  });
  const ask = (/** @type {Event} */ event) => (event.preventDefault(), finder.ask(input.value));
  const form = h('form', { class: 'sheet-row', role: 'search', onsubmit: ask }, input);
  input.addEventListener('input', () => finder.typed(input.value));
  const dialog = await sheet('search-sheet', t('search.title'), form, note, list);
  dialog.addEventListener('keydown', (event) => walk(event, input, list));
  dialog.addEventListener('close', () => finder.stop());
  input.focus();
}

/** Asks when nobody types any more; only the newest answer counts. */
export class Finder {
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #timer;
  #asked = 0;

  /** @param {string} room @param {(hits: Hit[], words: string) => void} show @param {typeof search} [find] */
  constructor(room, show, find = search) {
    this.room = room;
    this.show = show;
    this.find = find;
  }

  /** @param {string} query */
  typed(query) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.ask(query), TYPED_MS);
  }

  /** @param {string} query */
  async ask(query) {
    this.stop();
    const asked = this.#asked;
    if (!/[\p{L}\p{N}]/u.test(query)) return this.show([], t('search.about'));
    try {
      const hits = await this.find(this.room, query.trim());
      if (asked === this.#asked) this.show(hits, hits.length ? counted('search.found', hits.length) : t('search.none'));
    } catch (why) {
      if (asked === this.#asked) this.show([], refusal(/** @type {any} */ (why)));
    }
  }

  stop() {
    clearTimeout(this.#timer);
    this.#asked += 1;
  }
}

/** @param {Hit} hit @param {() => void} press */
function hitRow({ clip, text, at_ms, by }, press) {
  const row = h('li', {}, h('button', { type: 'button', class: 'hit', onclick: press }, icon(clip ? 'play' : 'chat'),
    h('span', { class: 'hit-text', dir: 'auto' }, text),
    h('span', { class: 'hit-head' }, h('span', { class: 'dot', 'data-shape': by && shapeOf(by.id) }), by?.name ?? '…', markOf(by), ' · ', h('time', { datetime: new Date(at_ms).toISOString() }, time(at_ms)))));
  row.style.setProperty('--voice', by?.colour ?? '');
  return row;
}

/** Arrows go from the field to the hits and back. @param {KeyboardEvent} event @param {HTMLElement} input @param {HTMLElement} list */
function walk(event, input, list) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  const stops = [input, .../** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll('.hit'))];
  const next = stops[stops.indexOf(/** @type {HTMLElement} */ (document.activeElement)) + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

/** Bring what was found in sight; a voice is played wherever it is. @param {Session} session @param {Hit} hit */
function jump(session, { seq, clip }) {
  document.querySelector(clip ? '[data-tab="clips"]' : '[data-tab="chat"]')?.dispatchEvent(new MouseEvent('click'));
  const place = document.querySelector(clip ? 'clip-list' : 'room-chat');
  const find = () => place?.querySelector(clip ? `[data-clip="${CSS.escape(clip)}"]` : `[data-key^="s${seq} "]`);
  for (let tries = 0; clip && !find() && tries < ROWS_TRIED; tries += 1) {
    const more = /** @type {HTMLButtonElement|null} */ (place?.querySelector(':scope > .quiet:not([hidden])'));
    if (!more) break;
    more.click();
  }
  const row = find();
  row?.scrollIntoView({ block: 'center' });
  if (row) {
    set(row, { 'data-found': true });
    setTimeout(() => set(row, { 'data-found': null }), 2_000);
    /** @type {HTMLElement|null} */ (row.querySelector('button'))?.focus({ preventScroll: true });
  }
  if (clip && session.model.replaying !== clip) session.replay.play(clip);
}

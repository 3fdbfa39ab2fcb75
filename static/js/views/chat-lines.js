/** The lines of a chat: those in the log, then one's own that are on their way. */
import { h } from '../lib/dom.js';
import { time } from '../lib/format.js';
import { shapeOf } from '../lib/shape.js';
import { refusal, t } from '../lib/text.js';
import { going, waiting } from '../room/pending.js';
import { lineId } from '../session/hidden.js';
import { voiceName } from './voice-name.js';

/** @typedef {import('../session/model.js').Model} Model */
/** @typedef {{key: string, by: import('../wire/protocol.js').Voice|null, seq: number, own: boolean, text: string, at_ms: number, state: string, why: string, follows: boolean}} ChatLine */

const LINES = 200;
const FOLLOWS_MS = 120_000; // lines of one voice this close together share one name

/** @param {Model} model @returns {ChatLine[]} */
export function linesOf(model) {
  const { state, pending, hidden, me } = model;
  const isWithheld = (/** @type {number} */ seq) => state.withheld.has(String(seq)) && state.keeper !== me?.id;
  const all = [...state.texts.values(), ...[...state.rolls.values()].map((roll) => ({ ...roll, text: rollOf(roll) }))];
  const waits = waiting(pending);
  const isHidden = (/** @type {ChatLine['by']} */ by, /** @type {number} */ seq) => hidden.includes(by?.id ?? '') || hidden.includes(lineId(seq)) || isWithheld(seq);
  const texts = all.filter(({ by, seq }) => !isHidden(by, seq) && !(by?.id === me?.id && waits(seq))).sort((a, b) => a.seq - b.seq).slice(-LINES);
  const said = texts.map(({ seq, by, at_ms, text }, at) => ({
    key: `s${seq} ${at_ms}`, by, seq, own: by?.id === me?.id, text, at_ms, state: 'said', why: '',
    follows: texts[at - 1]?.by?.id === by?.id && at_ms - texts[at - 1].at_ms < FOLLOWS_MS,
  }));
  const ours = going(pending, state.head).map(({ id, text, state: status, why }) => ({
    key: id, by: me, seq: 0, own: true, text, at_ms: 0, state: status, why, follows: false,
  }));
  return [...said, ...ours];
}

/** @param {import('../room/state.js').Roll} roll */
function rollOf({ expression, dice, total }) {
  return `🎲 ${expression}: ${dice.join(', ')} → ${total}`;
}

/** @param {import('../session/session.js').Session} session @param {ChatLine} line */
export function chatLine(session, line) {
  const item = h('li', { class: 'line', 'data-own': String(line.own) },
    h('p', { class: 'line-head' }, h('span', { class: 'dot', 'data-shape': line.by && shapeOf(line.by.id) }), voiceName(session, line.by, { seq: line.seq }), line.at_ms > 0 && h('time', {}, time(line.at_ms))),
    h('p', { class: 'line-text', dir: 'auto' }, line.text), h('p', { class: 'line-why' }));
  item.style.setProperty('--voice', line.by?.colour ?? '');
  return item;
}

/** @param {HTMLElement} item @param {ChatLine} line */
export function updateLine(item, line) {
  item.dataset.state = line.state;
  item.dataset.follows = String(line.follows);
  const why = line.state === 'refused' ? t('chat.failed', { why: refusal({ code: line.why }) }) : '';
  /** @type {HTMLElement} */ (item.lastElementChild).textContent = why;
}

/** Under a clip that a filter holds: what was heard, perhaps, and what this visitor may do about it. */
import '../lib/words-held.js';
import { announce } from '../lib/announce.js';
import { h, icon, say, set } from '../lib/dom.js';
import { shapeOf } from '../lib/shape.js';
import { dressed } from '../lib/sheet.js';
import { t } from '../lib/text.js';
import { heldPart } from '../room/held.js';
import { voiceName } from './voice-name.js';

/** @typedef {import('../room/state.js').Clip} Clip */
/** @typedef {import('../session/session.js').Session} Session */
/** @typedef {ReturnType<typeof heldPart>} Part */

/** Show, change or take away the bar of a row, as the model has it now. @param {Session} session @param {HTMLElement} row @param {Clip} clip */
export function heldBar(session, row, clip) {
  const { state } = session.model;
  const held = state.held.get(clip.clip);
  const before = row.querySelector('.held-bar');
  if (!held) return before?.remove();
  const part = heldPart(clip, session.model);
  const bar = before ?? begun(session, row, clip, held, part);
  for (const button of bar.querySelectorAll('[data-value]')) {
    if (part === 'theirs') button.setAttribute('aria-pressed', String(held.mine === (/** @type {HTMLElement} */ (button).dataset.value === 'true')));
  }
  const count = /** @type {Element} */ (bar.querySelector('.held-count'));
  set(count, { hidden: !held.needed });
  say(count, t('held.count', { yes: held.yes, needed: held.needed }));
}

/** @param {Session} session @param {HTMLElement} row @param {Clip} clip @param {import('../room/governed.js').HeldClip} held @param {Part} part */
function begun(session, row, clip, { filter }, part) {
  dressed('/static/css/held.css');
  const words = t(`held.${part}`, { what: t(`held.${filter}`) });
  const bar = h('div', { class: 'held-bar', role: 'group', 'aria-label': t('held.label') },
    h('p', { class: 'held-words' }, words), h('div', { class: 'held-verbs' }, ...verbs(session, clip.clip, part), h('span', { class: 'held-count' })));
  if (part === 'theirs') outside(session, row, clip);
  row.append(bar);
  if (part !== 'own') show(bar, row.closest('clip-list'));
  if (part !== 'own' && part !== 'own-kept') announce(words); // who spoke it is told by a notice
  return bar;
}

/** Moves a list as far as a bar in it is cut off; whoever reads further down is left there, and the page stands still. @param {Element} bar @param {Element|null} list */
function show(bar, list) {
  if (!list || list.scrollTop) return;
  list.scrollTop = Math.max(0, bar.getBoundingClientRect().bottom - list.getBoundingClientRect().bottom);
}

/** A row without a picture and a sound: whose it is. @param {Session} session @param {HTMLElement} row @param {Clip} clip */
function outside(session, row, clip) {
  const { by } = clip;
  row.classList.add('outside');
  row.style.setProperty('--voice', by?.colour ?? '#8899bb');
  row.append(h('p', { class: 'clip-head' }, h('span', { class: 'dot', 'data-shape': by && shapeOf(by.id) }), voiceName(session, by ?? { id: '', name: '…', colour: '#8899bb' }, { clip: clip.clip }, {})));
}

/** @param {Session} session @param {string} clip @param {Part} part */
function verbs(session, clip, part) {
  const pass = (/** @type {boolean} */ value) => () => {
    const isSaid = part === 'theirs' && session.model.state.held.get(clip)?.mine === value;
    return session.send('pass', { clip, value: isSaid ? null : value });
  };
  const yes = verb('keep', 'held.yes', pass(true), 'true');
  const forget = () => verb('undo', 'held.forget', () => session.forget(clip));
  if (part === 'theirs') return [yes, verb('close', 'held.no', pass(false), 'false')];
  if (part === 'decide') return [yes, verb('close', 'held.remove', () => session.send('remove', { clip }))];
  return part === 'own' ? [forget()] : [yes, forget()];
}

/** @param {string} picture @param {string} key @param {() => unknown} onclick @param {string} [value] */
function verb(picture, key, onclick, value) {
  return h('button', { type: 'button', class: 'quiet', 'data-verb': key, 'data-value': value, onclick }, icon(picture), t(key));
}

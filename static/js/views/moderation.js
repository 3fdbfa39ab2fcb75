/** What the admin's page shows: a card for each thing that was reported, a row for each act. */
import { h, say } from '../lib/dom.js';
import { form } from '../lib/format.js';
import { counted, has, t } from '../lib/text.js';

/** @typedef {import('../wire/admin.js').Report} Report */
/** @typedef {import('../wire/admin.js').Act} Act */
/** @typedef {{decide: (report: Report, decision: string, note: string) => void, act: (report: Report, action: string, note: string) => void,
 *   play: (report: Report, place: HTMLElement) => void}} Asked */

const SURE_MS = 5_000;
const when = new Intl.DateTimeFormat(form, { dateStyle: 'short', timeStyle: 'short' });

/** @param {Report} report @param {Asked} asked */
export function reportCard(report, asked) {
  const note = h('input', { 'aria-label': t('moderate.note'), placeholder: t('moderate.note'), maxlength: 300 });
  const decide = (/** @type {string} */ decision) => () => asked.decide(report, decision, note.value);
  const inRoom = (/** @type {string} */ action) => () => asked.act(report, action, note.value);
  const place = h('div', { class: 'sound' });
  return h('li', { class: 'report', tabindex: 0, 'aria-label': heading(report) },
    h('h3', {}, dot(report), h('span', { class: 'heading' }, heading(report))),
    h('p', { class: 'where' }, h('a', { href: `/r/${report.room}`, dir: 'auto' }, report.room_name || report.room), ' · ', h('time', {}, when.format(report.at_ms))),
    h('blockquote', { dir: 'auto', class: report.text ? '' : 'silent' }, report.text || t('moderate.silent')),
    h('p', { class: 'standing' }),
    h('ul', { class: 'reasons' }),
    report.media ? h('p', {}, button('moderate.play', () => asked.play(report, place))) : null,
    place,
    note,
    h('p', { class: 'decisions' },
      button('moderate.keep', decide('keep')),
      surely('moderate.remove', decide('remove')),
      report.by ? button('moderate.mute', decide('mute')) : null,
      report.by ? button('moderate.mute-network', decide('mute_network')) : null),
    h('p', { class: 'decisions room' }, toggle(inRoom), surely('moderate.close', inRoom('close'))));
}

/** What may change while a card is shown. @param {HTMLElement} card @param {Report} report */
export function updateCard(card, report) {
  const standing = [(report.count || !report.held) && counted('moderate.seats', report.count), report.held && t(`moderate.held.${report.held}`), report.hidden && t('moderate.hidden'), report.muted && t('moderate.muted'), report.locked && t('moderate.locked')];
  say(/** @type {Element} */ (card.querySelector('.standing')), standing.filter(Boolean).join(' · '));
  card.querySelector('.reasons')?.replaceChildren(...report.reasons.map(({ reason, text }) => h('li', { dir: 'auto' }, h('strong', {}, reasonOf(reason)), text ? `: ${text}` : '')));
  const lock = /** @type {HTMLElement} */ (card.querySelector('.lock'));
  lock.dataset.locked = String(report.locked);
  say(lock, t(report.locked ? 'moderate.unlock' : 'moderate.lock'));
}

/** @param {Act} act @param {(act: Act) => void} undo */
export function actRow(act, undo) {
  const room = act.room_name || act.room;
  return h('li', { class: 'act' },
    h('time', {}, when.format(act.at_ms)),
    h('span', { dir: 'auto' }, t(`moderate.did.${act.action.replace('_', '-')}`, { room }), act.note ? ` (${act.note})` : ''),
    act.undo ? button('moderate.undo', () => undo(act)) : null);
}

/** @param {Report} report */
function heading({ kind, by }) {
  return t(`moderate.is.${kind}`, { name: by?.name ?? t('moderate.somebody') });
}

/** @param {Report} report */
function dot({ by }) {
  const mark = h('span', { class: 'dot', 'aria-hidden': 'true' });
  if (by) mark.style.setProperty('--voice', by.colour);
  return mark;
}

/** @param {(action: string) => () => void} inRoom */
function toggle(inRoom) {
  const lock = button('moderate.lock', () => inRoom(lock.dataset.locked === 'true' ? 'unlock' : 'lock')());
  lock.classList.add('lock');
  return lock;
}

/** @param {string} key @param {() => void} onclick */
function button(key, onclick) {
  return h('button', { type: 'button', class: 'text-button', onclick }, t(key));
}

/** A button for what cannot be taken back: it asks once more. @param {string} key @param {() => void} act */
function surely(key, act) {
  const one = button(key, () => {
    if (one.dataset.sure) return act();
    one.dataset.sure = 'asked';
    say(one, t('moderate.sure'));
    setTimeout(() => {
      delete one.dataset.sure;
      say(one, t(key));
    }, SURE_MS);
  });
  one.classList.add('final');
  return one;
}

/** One of the reasons that the page offers, in words; what a program wrote stays as it is. @param {string} reason */
function reasonOf(reason) {
  const key = `moderate.reason.${reason}`;
  return has(key) ? t(key) : reason;
}

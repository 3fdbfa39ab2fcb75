/** The admin's page: what was reported, what to do about it, and what was done. The token stays in this tab. */
import './lib/words-moderate.js';
import './lib/words-refused.js';
import { h, keep, say } from './lib/dom.js';
import { language, refusal, t } from './lib/text.js';
import { actRow, reportCard, updateCard } from './views/moderation.js';
import { Admin } from './wire/admin.js';

/** @typedef {import('./wire/admin.js').Act} Act */
/** @typedef {import('./wire/admin.js').Report} Report */

const TOKEN = 'wonder.moderate';
const LOOK_EVERY_MS = 20_000;
const LISTED_AFTER_MS = 300; // what was done is listed a moment after it was done
const LOOKS = 20;

/** @param {string} selector @returns {any} */
const find = (selector) => document.querySelector(selector);

/** @type {Admin|null} */
let admin = null;
let sound = '';

document.documentElement.lang = language;
for (const element of document.querySelectorAll('[data-text]')) say(element, t(/** @type {HTMLElement} */ (element).dataset.text ?? ''));
document.title = `${t('moderate.title')} · Space of Wonder`;

/** Some browsers keep nothing for anybody: then the token is asked for anew. @param {(kept: Storage) => string|null|void} use */
function kept(use) {
  try {
    return use(sessionStorage) ?? '';
  } catch {
    return '';
  }
}

/** @param {string} words @param {boolean} [bad] */
function tell(words, bad = false) {
  const notice = find('#notice');
  notice.classList.toggle('bad', bad);
  say(notice, words);
}

/** What went wrong, and what to do. @param {any} why */
function fail(why) {
  if (['not_allowed', 'bad_key'].includes(why.code)) leave(t('moderate.failed.token'));
  else if (why.code === 'too_fast') tell(t('moderate.failed.fast'), true);
  else if (why.code) tell(refusal(why), true);
  else tell(t('moderate.failed.network'), true);
}

/** @param {string} token */
async function enter(token) {
  admin = new Admin(token);
  await look();
  if (admin) kept((storage) => storage.setItem(TOKEN, token));
}

/** @param {string} words */
function leave(words) {
  admin = null;
  kept((storage) => storage.removeItem(TOKEN));
  show(false);
  tell(words, true);
  find('#token').focus();
}

/** @param {boolean} inside */
function show(inside) {
  find('#door').hidden = inside;
  for (const part of document.querySelectorAll('.signed-in')) /** @type {HTMLElement} */ (part).hidden = !inside;
}

/** @returns {Promise<Act[]|null>} what was done, null where nobody could be asked */
async function look() {
  const asking = admin;
  if (!asking) return null;
  try {
    const [reports, acts] = await Promise.all([asking.reports(), asking.acts()]);
    if (admin !== asking) return null;
    show(true);
    drawReports(reports);
    drawActs(acts);
    return acts;
  } catch (why) {
    fail(why);
    return null;
  }
}

/** Look until something that was done is listed. @param {Act|null|undefined} act */
async function lookFor(act) {
  for (let looks = 0; looks < LOOKS; looks += 1) {
    const acts = await look();
    if (!act || !acts || acts.some(({ room, seq }) => room === act.room && seq === act.seq)) return;
    await new Promise((resolve) => setTimeout(resolve, LISTED_AFTER_MS));
  }
}

/** @param {Report[]} reports */
function drawReports(reports) {
  const list = find('#reports');
  const focused = [...list.children].findIndex((card) => card.contains(document.activeElement));
  keep(list, reports, ({ id }) => id, (report) => reportCard(report, { decide, act, play }), updateCard);
  find('#no-reports').hidden = reports.length > 0;
  // A card that went takes the focus along: the next one gets it.
  if (focused >= 0 && !list.contains(document.activeElement)) (list.children[Math.min(focused, list.children.length - 1)] ?? find('#refresh')).focus();
}

/** @param {Act[]} acts */
function drawActs(acts) {
  keep(find('#acts'), acts, ({ room, seq }) => `${room} ${seq}`, (act) => actRow(act, undo));
  find('#no-acts').hidden = acts.length > 0;
}

/** @param {(admin: Admin) => Promise<{changed: boolean, act?: Act|null}>} asked @param {string} words */
async function done(asked, words) {
  if (!admin) return;
  let act = null;
  try {
    const did = await asked(admin);
    act = did.act;
    tell(did.changed ? words : t('moderate.so-already'));
  } catch (why) {
    fail(why);
  }
  await lookFor(act);
}

/** @param {Report} report @param {string} decision @param {string} note */
function decide({ id, room_name: room }, decision, note) {
  return done((asked) => asked.decide(id, decision, note), t(`moderate.did.${decision.replace('_', '-')}`, { room }));
}

/** @param {Report} report @param {string} action @param {string} note */
function act({ room, room_name: name }, action, note) {
  return done((asked) => asked.act(room, action, '', note), t(`moderate.did.${action}`, { room: name }));
}

/** @param {Act} act */
function undo({ room, target, undo: action }) {
  return done((asked) => asked.act(room, action, target), t('moderate.undone'));
}

/** @param {Report} report @param {HTMLElement} place */
async function play({ media }, place) {
  if (!admin) return;
  try {
    const blob = await admin.sound(media);
    URL.revokeObjectURL(sound);
    sound = URL.createObjectURL(blob);
    for (const other of document.querySelectorAll('.sound')) other.replaceChildren();
    const player = h('audio', { controls: true, src: sound });
    place.replaceChildren(player);
    await player.play().catch(() => {}); // the controls are there
  } catch (why) {
    fail(why);
  }
}

/** Arrows go from report to report, but not out of a note. @param {KeyboardEvent} event */
function move(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || /** @type {Element} */ (event.target).matches('input, audio')) return;
  const cards = [...find('#reports').children];
  const at = cards.findIndex((card) => card.contains(document.activeElement));
  const next = cards[at + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

find('#door').addEventListener('submit', (/** @type {Event} */ event) => {
  event.preventDefault();
  tell('');
  void enter(find('#token').value.trim());
  find('#token').value = '';
});
find('#leave').addEventListener('click', () => leave(t('moderate.left')));
find('#refresh').addEventListener('click', () => void look());
document.addEventListener('keydown', move);
setInterval(() => document.visibilityState === 'visible' && void look(), LOOK_EVERY_MS);

const before = kept((storage) => storage.getItem(TOKEN));
if (before) void enter(before);

/** What a visitor sets for themselves; nobody else sees any of it. */
import '../lib/words-own.js';
import { h, say } from '../lib/dom.js';
import { CHOICES, get, set as prefer } from '../lib/preferences.js';
import { shapeOf } from '../lib/shape.js';
import { sheet } from '../lib/sheet.js';
import { t } from '../lib/text.js';
import { MicrophoneCheck } from '../session/microphone-check.js';
import { whyNoCaptions } from '../wire/search.js';
import { maskChoice } from './mask-choice.js';
import { deviceOptions, open as openCheck } from './microphone-check.js';
import { show } from './voice-sheet.js';

/** @typedef {import('../session/session.js').Session} Session */

const PACES = [1, 1.5, 2];
const LANGUAGES = { en: 'English', de: 'Deutsch' };

/** @param {Session} session */
export async function open(session) {
  const { state, me } = session.model;
  const isKeeper = state.keeper !== '' && state.keeper === me?.id && !state.closed;
  const keeper = isKeeper && h('button', { type: 'button', class: 'quiet', id: 'keeper', onclick: async () => (await import('./keeper-sheet.js')).open(session) }, t('keeper.title'));
  const isMeasured = session.model.room?.scored !== false;
  const spontaneity = isMeasured ? h('button', { type: 'button', class: 'quiet', id: 'spontaneity', onclick: showSpontaneity }, t('spontaneity.title'))
    : h('p', { class: 'sheet-note' }, t('spontaneity.never'));
  const hidden = h('div', { class: 'sheet-form', id: 'hidden-voices' });
  const masks = maskChoice(session);
  const dialog = await sheet('settings-sheet', t('settings.title'), keeper,
    group('sound', ...sounds(), await microphone(session)),
    group('look', chosen('theme', (value) => t(`settings.theme.${value}`))),
    group('words', chosen('captions', (value) => t(`settings.captions.${value}`), () => session.presence.send()), session.model.room?.captions === false && noCaptions(), languages()),
    group('you', masks.element, paces(session), h('p', { class: 'sheet-note' }, t('settings.tap')), hidden, spontaneity));
  const stop = session.store.watch((model) => drawHidden(session, hidden, model.hidden));
  dialog.addEventListener('close', () => (stop(), masks.end()));
}

/** What belongs together, under one heading. @param {'sound'|'look'|'words'|'you'} name @param {...import('../lib/dom.js').Child} children */
function group(name, ...children) {
  return h('section', { class: 'sheet-group', 'aria-labelledby': `settings-${name}` }, h('h3', { id: `settings-${name}` }, t(`settings.${name}`)), ...children);
}

async function showSpontaneity() {
  const { open: openIt } = await import('./spontaneity-sheet.js');
  openIt();
}

/** @param {Session} session */
function paces(session) {
  const onchange = (/** @type {Event} */ event) => session.pace(Number(/** @type {HTMLInputElement} */ (event.target).value));
  const choices = PACES.map((pace) => radio('pace', String(pace), `${pace}×`, pace === session.model.pace, `pace-${pace * 10}`));
  return h('fieldset', { class: 'kinds', onchange }, h('legend', {}, t('settings.pace')), ...choices, h('p', { class: 'sheet-note' }, t('settings.pace.hint')));
}

function sounds() {
  const volume = h('input', { type: 'range', id: 'volume', min: 0, max: 100, step: 5, value: Math.round(get('volume') * 100) });
  volume.addEventListener('input', () => prefer('volume', volume.valueAsNumber / 100));
  const label = h('label', { class: 'field', for: 'volume' }, h('span', {}, t('settings.volume')), volume);
  return [label, check('sounds'), check('spoken'), 'vibrate' in navigator && check('vibration')];
}

/** @param {'sounds'|'spoken'|'vibration'} name */
function check(name) {
  const box = h('input', { type: 'checkbox', id: `set-${name}`, checked: get(name) });
  box.addEventListener('change', () => prefer(name, box.checked));
  return h('label', { class: 'check' }, box, h('span', {}, t(`settings.${name}`), h('small', {}, t(`settings.${name}.hint`))));
}

/** Which microphone, where there is a choice, and a test of it. @param {Session} session */
async function microphone(session) {
  const check = new MicrophoneCheck(session.speaking, () => session.model);
  const devices = await check.devices().catch(() => []);
  const select = h('select', { id: 'microphone' }, ...deviceOptions(devices));
  select.addEventListener('change', () => check.prefer(select.value));
  return h('div', { class: 'sheet-form' }, h('label', { class: 'field' }, h('span', {}, t('settings.microphone')), select),
    h('button', { type: 'button', class: 'quiet', id: 'try-microphone', onclick: () => openCheck(session) }, t('settings.try')));
}

/** One of a few, known by the page's preferences. @param {'theme'|'captions'} name @param {(value: string) => string} words @param {() => unknown} [done] */
function chosen(name, words, done) {
  const onchange = (/** @type {Event} */ event) => (prefer(name, /** @type {any} */ (/** @type {HTMLInputElement} */ (event.target).value)), done?.());
  return h('fieldset', { class: 'kinds', onchange }, h('legend', {}, t(`settings.${name}`)),
    ...CHOICES[name].map((value) => radio(name, value, words(value), value === get(name), `${name}-${value}`)));
}

/** That nobody writes along here, and why, as far as the server knows. */
function noCaptions() {
  const why = h('span');
  whyNoCaptions().then((sentence) => say(why, sentence));
  return h('p', { class: 'sheet-note', id: 'no-captions' }, `${t('settings.captions.none')} `, why);
}

/** @param {string} name @param {string} value @param {string} words @param {boolean} checked @param {string} id */
function radio(name, value, words, checked, id) {
  return h('label', { class: 'kind' }, h('input', { type: 'radio', name, value, checked, id }), h('span', {}, words));
}

/** The page's words come with the page: another language needs another one. */
function languages() {
  const select = h('select', { id: 'page-language' }, h('option', { value: '' }, t('settings.language.browser')),
    ...Object.entries(LANGUAGES).map(([value, words]) => h('option', { value, lang: value, selected: value === get('language') }, words)));
  select.addEventListener('change', () => {
    prefer('language', /** @type {any} */ (select.value));
    location.reload();
  });
  return h('label', { class: 'field' }, h('span', {}, t('settings.language')), select);
}

/** @param {Session} session @param {HTMLElement} place @param {string[]} hidden */
function drawHidden(session, place, hidden) {
  const { names } = session.hidden;
  const rows = hidden.map((id) => {
    const name = names[id] ?? t('settings.hidden.clip');
    const back = () => show(session, { id, name });
    return h('li', { class: 'sheet-row' }, h('span', { class: 'dot', 'data-shape': shapeOf(id) }), h('span', { class: 'hidden-name' }, name),
      h('button', { type: 'button', class: 'text-button', 'aria-label': t('settings.hidden.back.of', { name }), onclick: back }, t('settings.hidden.back')));
  });
  const note = h('p', { class: 'sheet-note' });
  if (!rows.length) say(note, t('settings.hidden.none'));
  place.replaceChildren(h('h4', {}, t('settings.hidden')), note, h('ul', { class: 'hidden-list' }, ...rows));
}

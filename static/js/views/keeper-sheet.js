/** The room's own settings, for whoever opened it: its words, how it plays, and its end. */
import '../lib/words-lobby.js';
import '../lib/words-own.js';
import '../lib/words-refused.js';
import { announce } from '../lib/announce.js';
import { h, say } from '../lib/dom.js';
import { CHOICES } from '../lib/preferences.js';
import { sheet } from '../lib/sheet.js';
import { refusal, t } from '../lib/text.js';
import { changeRoom, closeRoom } from '../wire/own-room.js';
import { LETTERS } from '../wire/rooms.js';
import { hookList } from './hook-list.js';

/** @typedef {import('../session/session.js').Session} Session */

/** @param {Session} session */
export async function open(session) {
  const failure = h('p', { class: 'failure', role: 'alert' });
  const dialog = await sheet('keeper-sheet', t('keeper.title'), rules(session, failure), form(session, failure), hookList(session, (act) => attempt(failure, act)), failure, ending(session, failure));
  const stop = session.store.watch(({ state }) => state.closed && dialog.close());
  dialog.addEventListener('close', stop);
}

/** What holds at once, without a save. @param {Session} session @param {HTMLElement} failure */
function rules(session, failure) {
  const rule = (/** @type {'locked'|'slow'|'hold'} */ name) => {
    const box = h('input', { type: 'checkbox', id: `keeper-${name}`, checked: session.model.state[name] });
    box.addEventListener('change', async () => (await session.send('room.set', { [name]: box.checked })) || (box.checked = !box.checked));
    return h('label', { class: 'check' }, box, h('span', {}, t(`keeper.${name}`), h('small', {}, t(`keeper.${name}.hint`))));
  };
  return h('fieldset', { class: 'sheet-form' }, h('legend', {}, t('keeper.rules')), rule('locked'), rule('slow'), rule('hold'), maskOfRoom(session, failure), ...company(session, failure), noiseReduction(session, failure));
}

/** Who keeps people company, a machine or nobody; nothing where the server has no such machines. @param {Session} session @param {HTMLElement} failure */
function company({ id, model }, failure) {
  if (!model.room?.characters?.length) return [];
  const now = () => (model.state.character ?? model.room?.character) || 'none';
  const one = (/** @type {string} */ value, /** @type {string} */ name) => h('option', { value, selected: value === now() }, name);
  const select = h('select', { id: 'keeper-character' }, one('none', t('keeper.character.none')), ...model.room.characters.map((each) => one(each.id, each.name)));
  select.addEventListener('change', async () => (await attempt(failure, () => changeRoom(id, { character: select.value }))) || (select.value = now()));
  return [h('label', { class: 'field' }, h('span', {}, t('keeper.character')), select)];
}

/** One mask for everybody, or none. @param {Session} session @param {HTMLElement} failure */
function maskOfRoom({ id, model }, failure) {
  const now = model.state.mask || 'none';
  const select = h('select', { id: 'keeper-mask' }, ...CHOICES.mask.map((mask) => h('option', { value: mask, selected: mask === now }, t(`mask.name.${mask}`))));
  select.addEventListener('change', async () => (await attempt(failure, () => changeRoom(id, { mask: select.value }))) || (select.value = model.state.mask || 'none'));
  return h('label', { class: 'field' }, h('span', {}, t('keeper.mask')), select);
}

/** How takes sound from now on. @param {Session} session @param {HTMLElement} failure */
function noiseReduction(session, failure) {
  const box = h('input', { type: 'checkbox', id: 'keeper-noise', checked: session.model.state.noise_reduction });
  box.addEventListener('change', async () => (await attempt(failure, () => changeRoom(session.id, { noise_reduction: box.checked }))) || (box.checked = !box.checked));
  return h('label', { class: 'check' }, box, h('span', {}, t('keeper.noise'), h('small', {}, t('keeper.noise.hint'))));
}

/** @param {Session} session @param {HTMLElement} failure */
function form(session, failure) {
  const { name, theme, description, tempo, live } = session.model.state;
  const onsubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const { live: isLive, ...words } = Object.fromEntries(new FormData(/** @type {HTMLFormElement} */ (event.target)));
    attempt(failure, async () => {
      await changeRoom(session.id, { ...words, live: isLive !== undefined });
      /** @type {HTMLDialogElement|null} */ (failure.closest('dialog'))?.close();
      announce(t('keeper.saved'));
    });
  };
  return h('form', { class: 'sheet-form', onsubmit }, field('name', t('form.name'), name), field('theme', t('form.theme'), theme),
    field('description', t('keeper.description'), description), tempos(tempo),
    h('label', { class: 'check' }, h('input', { type: 'checkbox', name: 'live', checked: live }), h('span', {}, t('form.live'), h('small', {}, t('form.live.hint')))),
    h('button', { type: 'submit', class: 'primary', id: 'keeper-save' }, t('keeper.save')));
}

/** @param {keyof typeof LETTERS} name @param {string} words @param {string} value */
function field(name, words, value) {
  return h('label', { class: 'field' }, h('span', {}, words),
    h('div', { class: 'sheet-row' }, h('input', { type: 'text', name, dir: 'auto', maxlength: LETTERS[name], autocomplete: 'off', value })));
}

/** @param {string} now */
function tempos(now) {
  const options = { snap: t('form.tempo.snap'), slow: t('form.tempo.slow') };
  return h('label', { class: 'field' }, h('span', {}, t('form.tempo')),
    h('select', { name: 'tempo' }, ...Object.entries(options).map(([value, words]) => h('option', { value, selected: value === now }, words))));
}

/** To close it takes two presses: nothing brings a room back. @param {Session} session @param {HTMLElement} failure */
function ending(session, failure) {
  const sure = () => attempt(failure, () => closeRoom(session.id));
  const ask = () => words.replaceChildren(h('p', { class: 'sheet-note' }, t('keeper.close.hint')),
    h('button', { type: 'button', class: 'quiet', id: 'keeper-sure', onclick: sure }, t('keeper.close.sure')));
  const words = h('div', { class: 'sheet-form' }, h('button', { type: 'button', class: 'quiet', id: 'keeper-close', onclick: ask }, t('keeper.close')));
  return words;
}

/** Tells whether it was done. @param {HTMLElement} failure @param {() => Promise<void>} act */
async function attempt(failure, act) {
  say(failure, '');
  try {
    await act();
    return true;
  } catch (why) {
    say(failure, refusal(/** @type {Error} */ (why)));
    return false;
  }
}

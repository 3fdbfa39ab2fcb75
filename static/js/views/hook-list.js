/** The addresses by which programs write into one's own room: made, shown once, taken away. */
import { h } from '../lib/dom.js';
import { t } from '../lib/text.js';
import { hooksOf, makeHook, removeHook } from '../wire/own-room.js';
import { markOf } from './voice-name.js';

/** @typedef {import('../session/session.js').Session} Session */
/** @typedef {(act: () => Promise<void>) => Promise<boolean>} Attempt  does it, and says what went wrong */

/** @param {Session} session @param {Attempt} attempt */
export function hookList({ id }, attempt) {
  const list = h('ul', { class: 'hooks' });
  const told = h('div', { 'aria-live': 'polite' });
  const draw = async () => list.replaceChildren(...(await hooksOf(id)).map((hook) => row(hook, remove)));
  const remove = (/** @type {string} */ hook) => attempt(async () => {
    await removeHook(id, hook);
    told.replaceChildren(); // perhaps the address of this one
    await draw();
    button.focus(); // the one that was pressed is gone
  });
  const make = async () => {
    button.disabled = true; // a second press would take the place of an address that is told once
    await attempt(made);
    button.disabled = false;
  };
  const made = async () => {
    const url = await makeHook(id);
    const address = h('input', { type: 'text', id: 'keeper-hook-url', readonly: true, translate: 'no', value: url, onfocus: () => address.select() });
    told.replaceChildren(h('label', { class: 'field' }, h('span', {}, t('keeper.hook.once')), h('div', { class: 'sheet-row' }, address)));
    await draw();
  };
  const button = h('button', { type: 'button', class: 'quiet', id: 'keeper-hook', onclick: make }, t('keeper.hook'));
  const opened = (/** @type {Event} */ { target }) => /** @type {HTMLDetailsElement} */ (target).open && attempt(draw);
  return h('details', { id: 'keeper-hooks', ontoggle: opened }, h('summary', {}, t('keeper.hooks')), h('div', { class: 'sheet-form' },
    h('p', { class: 'sheet-note' }, t('keeper.hooks.hint')), list, told, button));
}

/** @param {import('../wire/own-room.js').Hook} hook @param {(id: string) => void} remove */
function row({ id, voice }, remove) {
  const gone = h('button', { type: 'button', class: 'quiet', 'aria-label': t('keeper.hook.remove', { name: voice.name }), onclick: () => remove(id) }, t('keeper.hook.gone'));
  return h('li', { class: 'sheet-row' }, h('span', {}, voice.name, markOf(voice)), gone);
}

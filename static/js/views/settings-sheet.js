/** What a visitor sets for themselves; nobody else sees any of it. */
import { h } from '../lib/dom.js';
import { sheet } from '../lib/sheet.js';
import { t } from '../lib/text.js';

const PACES = [1, 1.5, 2];

/** @param {import('../session/session.js').Session} session */
export async function open(session) {
  const spontaneity = h('button', { type: 'button', class: 'quiet', id: 'spontaneity', onclick: show }, t('spontaneity.title'));
  const { state, me } = session.model;
  const keeper = state.keeper !== '' && state.keeper === me?.id && !state.closed &&
    h('button', { type: 'button', class: 'quiet', id: 'keeper', onclick: async () => (await import('./keeper-sheet.js')).open(session) }, t('keeper.title'));
  const isMeasured = session.model.room?.scored !== false;
  await sheet('settings-sheet', t('settings.title'), paces(session), h('p', { class: 'sheet-note' }, t('settings.tap')),
    isMeasured ? spontaneity : h('p', { class: 'sheet-note' }, t('spontaneity.never')), keeper);
}

async function show() {
  const { open: openIt } = await import('./spontaneity-sheet.js');
  openIt();
}

/** @param {import('../session/session.js').Session} session */
function paces(session) {
  const now = session.model.pace;
  const onchange = (/** @type {Event} */ event) => session.pace(Number(/** @type {HTMLInputElement} */ (event.target).value));
  const choices = PACES.map((pace) => h('label', { class: 'kind' },
    h('input', { type: 'radio', name: 'pace', value: pace, checked: pace === now, id: `pace-${pace * 10}` }), h('span', {}, `${pace}×`)));
  return h('fieldset', { class: 'kinds', onchange }, h('legend', {}, t('settings.pace')), ...choices, h('p', { class: 'sheet-note' }, t('settings.pace.hint')));
}

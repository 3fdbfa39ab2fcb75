/** What can be wished for a round that runs: it begins again, or ends. From whoever did not start it this asks the others first. */
import { h } from '../lib/dom.js';
import { t } from '../lib/text.js';

/** @param {import('../session/session.js').Session} session @param {HTMLDialogElement} dialog */
export function roundActs(session, dialog) {
  const act = (/** @type {string} */ type) => () => (dialog.close(), session.send(type));
  const { state, me } = session.model;
  const mayAtOnce = state.round?.starter === me?.id || state.keeper === me?.id;
  return h('div', { class: 'sheet-row', role: 'group', 'aria-label': t('acts.label') },
    h('button', { type: 'button', class: 'quiet', id: 'round-again', onclick: act('again') }, t('acts.again')),
    h('button', { type: 'button', class: 'quiet', id: 'round-stop', onclick: act('round.stop') }, t('acts.stop')),
    mayAtOnce ? null : h('p', { class: 'sheet-note' }, t('acts.asks')));
}

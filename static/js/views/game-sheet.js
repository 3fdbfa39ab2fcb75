/** The games of this kind of room: one press starts one, for everybody. */
import { h } from '../lib/dom.js';
import { sheet } from '../lib/sheet.js';
import { refusal, t } from '../lib/text.js';
import { offer } from '../wire/games.js';
import { roundActs } from './round-acts.js';

/** @typedef {import('../session/session.js').Session} Session */

/** @param {Session} session */
export async function open(session) {
  const list = h('ul', { class: 'choices' });
  const state = h('p', { class: 'sheet-note', role: 'status' }, t('games.loading'));
  const dialog = await sheet('game-sheet', t('games.title'), state, list);
  if (session.model.state.round) list.before(roundActs(session, dialog));
  try {
    const { kind, language } = session.model.state;
    const games = (await offer(language)).games.filter(({ kinds }) => kinds.includes(kind));
    state.textContent = t('games.hint');
    list.lang = language;
    list.append(...games.map((game) => choice(session, dialog, game)));
  } catch (why) {
    state.textContent = refusal(/** @type {Error} */ (why));
  }
}

/** @param {Session} session @param {HTMLDialogElement} dialog @param {import('../wire/games.js').Game} game */
function choice(session, dialog, { id, name, rules }) {
  const press = () => (dialog.close(), session.send('round.start', { game: id }));
  return h('li', {}, h('button', { type: 'button', class: 'choice', 'data-game': id, onclick: press }, h('strong', {}, name), h('span', {}, rules)));
}

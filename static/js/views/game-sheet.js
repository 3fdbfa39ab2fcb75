/** The games of this kind of room: one press starts one, for everybody. */
import { h, icon } from '../lib/dom.js';
import { sheet } from '../lib/sheet.js';
import { counted, language, refusal, t } from '../lib/text.js';
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
    const here = session.model.presence.voices.size;
    const fitting = games.filter(({ players }) => players.least <= here);
    list.append(...games.map((game) => choice(session, dialog, game, here)));
    if (fitting.length > 1) list.before(surprise(session, dialog, fitting));
  } catch (why) {
    state.textContent = refusal(/** @type {Error} */ (why));
  }
}

/** @param {Session} session @param {HTMLDialogElement} dialog @param {import('../wire/games.js').Game[]} games */
function surprise(session, dialog, games) {
  const press = () => (dialog.close(), session.send('round.start', { game: games[Math.floor(Math.random() * games.length)].id }));
  return h('button', { type: 'button', class: 'quiet', id: 'surprise', onclick: press }, icon('dice'), t('games.surprise'));
}

/** A game, what it needs and how long it takes; what too few are here for says so, for others may come. @param {Session} session @param {HTMLDialogElement} dialog @param {import('../wire/games.js').Game} game @param {number} here */
function choice(session, dialog, { id, name, rules, players, seconds, mood }, here) {
  const press = () => (dialog.close(), session.send('round.start', { game: id }));
  const needs = players.least > here ? t('games.few', { n: players.least, here }) : counted('games.players', players.least);
  return h('li', {}, h('button', { type: 'button', class: 'choice', 'data-game': id, onclick: press }, h('strong', {}, name), h('span', {}, rules),
    h('small', { lang: language, 'data-few': String(players.least > here) }, `${needs} · ${t('games.seconds', { n: seconds })} · ${t(`mood.${mood}`)}`)));
}

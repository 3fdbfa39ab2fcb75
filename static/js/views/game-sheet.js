/** The games of this kind of room: one press starts one, for everybody. */
import '../lib/words-refused.js';
import { h, icon, say, set } from '../lib/dom.js';
import { sheet } from '../lib/sheet.js';
import { counted, refusal, t } from '../lib/text.js';
import { hindered, playersIn, surprise } from '../room/choosing.js';
import { offer } from '../wire/games.js';
import { roundActs } from './round-acts.js';

/** @typedef {import('../session/session.js').Session} Session */
/** @typedef {import('../wire/games.js').Game} Game */

const MANY = 24; // more than that play nowhere
const MINUTE_S = 60;

/** @param {Session} session */
export async function open(session) {
  const list = h('ul', { class: 'choices games' });
  const state = h('p', { class: 'sheet-note', role: 'status' }, t('games.loading'));
  const any = h('button', { type: 'button', class: 'primary', id: 'surprise', hidden: true }, icon('dice'), t('games.surprise'));
  const dialog = await sheet('game-sheet', t('games.title'), state, any, list);
  if (session.model.state.round) list.before(roundActs(session, dialog));
  try {
    const { kind, language } = session.model.state;
    const games = (await offer(language)).games.filter(({ kinds }) => kinds.includes(kind));
    const start = (/** @type {Game|null} */ game) => game && (dialog.close(), session.send('round.start', { game: game.id }));
    state.textContent = t('games.hint');
    list.lang = language;
    const rows = games.map((game) => choice(session, game, start));
    list.append(...rows.map(({ row }) => row));
    any.addEventListener('click', () => start(surprise(games, session.model, Math.random())));
    const unwatch = session.store.watch((model) => {
      for (const { update } of rows) update(model);
      any.hidden = !surprise(games, model, 0);
    });
    dialog.addEventListener('close', unwatch);
  } catch (why) {
    state.textContent = refusal(/** @type {Error} */ (why));
  }
}

/** @param {Session} session @param {Game} game @param {(game: Game) => void} start */
function choice(session, game, start) {
  const why = h('span', { class: 'choice-why' });
  const press = () => hindered(game, session.model) || start(game);
  const facts = h('span', { class: 'choice-facts' }, ...factsOf(game).map((fact) => h('span', { lang: document.documentElement.lang }, fact)));
  const button = h('button', { type: 'button', class: 'choice', 'data-game': game.id, onclick: press }, h('strong', {}, game.name), h('span', { class: 'choice-short' }, game.short), facts, h('span', {}, game.rules), why);
  /** @param {import('../session/model.js').Model} model */
  const update = (model) => {
    const key = hindered(game, model);
    set(button, { 'aria-disabled': String(key !== '') });
    const missing = game.players.least - playersIn(model);
    say(why, key === 'games.few' ? counted(key, missing) : key && t(key));
  };
  return { row: h('li', {}, button), update };
}

/** How many, about how long, and what it is like. @param {Pick<Game, 'players'|'seconds'|'mood'>} game */
export function factsOf({ players: { least, most }, seconds, mood }) {
  const many = most >= MANY ? counted('games.from', least) : least === most ? counted('games.players', most) : t('games.between', { n: least, most });
  const long = seconds < MINUTE_S ? t('games.seconds', { n: seconds }) : counted('games.minutes', Math.round(seconds / MINUTE_S));
  return [many, long, t(`mood.${mood}`)];
}

/**
 * Which games can be played now, and which one to surprise a room with. Pure.
 *
 * @typedef {import('../wire/games.js').Game} Game
 * @typedef {Pick<import('../session/model.js').Model, 'state'|'presence'|'me'|'playing'|'mic'|'room'>} Seen
 */
import { companionOf } from './head.js';
import { peopleIn } from './presence.js';

/** How many would play: who speaks here, and who starts it; who plays by writing was in the last round. @param {Seen} model */
export function playersIn({ state, presence, me, playing, mic }) {
  const counted = playing && mic === 'open';
  const wrote = (state.round ?? state.last_round)?.players.filter((id) => id !== me?.id && presence.voices.has(id)) ?? [];
  return Math.max(presence.speakers + (counted ? 0 : 1), wrote.length + 1);
}

/** Whether the machine of the room makes up the second, for who is here alone. @param {Game} game @param {Seen} model */
function isPartnered({ id }, model) {
  return peopleIn(model.presence) < 2 && companionOf(model) !== '' && Boolean(model.room?.partnered?.includes(id));
}

/** Why a game cannot be played now, as a key of the page's words; '' when it can. @param {Game} game @param {Seen} model */
export function hindered(game, model) {
  if (model.state.locked && model.state.keeper !== model.me?.id) return 'games.locked';
  return playersIn(model) + Number(isPartnered(game, model)) < game.players.least ? 'games.few' : '';
}

/** One that can be played now, another than the last where there is one; null when there is none. @param {Game[]} games @param {Seen} model @param {number} chance 0 to 1 */
export function surprise(games, model, chance) {
  const last = (model.state.round ?? model.state.last_round)?.game;
  const open = games.filter((game) => !hindered(game, model));
  const others = open.filter(({ id }) => id !== last);
  const from = others.length ? others : open;
  return from[Math.floor(chance * from.length)] ?? null;
}

/**
 * The games and the kinds of rooms there are, asked for once.
 *
 * @typedef {{id: string, name: string, kinds: string[], turns: string, tempo: string, short: string, rules: string,
 *   players: {least: number, most: number}, seconds: number, mood: string}} Game
 * @typedef {{id: string, name: string, tempo: string, placed: boolean, themed: boolean}} Kind
 * @typedef {{games: Game[], kinds: Kind[]}} Offer
 */
import { problemOf } from './protocol.js';

/** @type {Promise<Offer>|null} */
let asked = null;
/** @type {Map<string, Game>} */
const met = new Map();

/** A game that was offered; null while it is not known. @param {string|undefined} id */
export function gameOf(id) {
  return met.get(id ?? '') ?? null;
}

/** @param {string} language @returns {Promise<Offer>} */
export function offer(language) {
  asked ??= ask(language).catch((why) => {
    asked = null;
    throw why;
  });
  return asked;
}

/** @param {string} language @returns {Promise<Offer>} */
async function ask(language) {
  const response = await fetch('/api/games', { headers: { 'Accept-Language': language } });
  if (!response.ok) throw await problemOf(response);
  const told = /** @type {Offer} */ (await response.json());
  for (const game of told.games) met.set(game.id, game);
  return told;
}

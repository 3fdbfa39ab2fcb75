/** The games there are, asked for once. @typedef {{id: string, name: string, kinds: string[], turns: string, tempo: string, rules: string}} Game */
import { problemOf } from './protocol.js';

/** @type {Promise<Game[]>|null} */
let asked = null;

/** @param {string} language @returns {Promise<Game[]>} */
export function allGames(language) {
  asked ??= ask(language).catch((why) => {
    asked = null;
    throw why;
  });
  return asked;
}

/** @param {string} language @returns {Promise<Game[]>} */
async function ask(language) {
  const response = await fetch('/api/games', { headers: { 'Accept-Language': language } });
  if (!response.ok) throw await problemOf(response);
  return (await response.json()).games;
}

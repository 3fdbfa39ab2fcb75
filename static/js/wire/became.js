/** What became of what one left in a room. */
import { bearer } from './key.js';

/** @typedef {{of: string, kind: 'chain'|'answer', prompt: string, people: number, is_over: boolean}} Became */

/** @param {string} room @returns {Promise<Became[]>} nothing where it cannot be told */
export async function becameIn(room) {
  const response = await fetch(`/api/rooms/${encodeURIComponent(room)}/became`, { headers: bearer() });
  return response.ok ? (await response.json()).became : [];
}

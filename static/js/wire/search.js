/** What was said and written in a room, by its words. */
import { problemOf } from './protocol.js';

/** @typedef {{seq: number, text: string, at_ms: number, by: import('./protocol.js').Voice|null, clip?: string}} Hit */

/** @param {string} room @param {string} query @returns {Promise<Hit[]>} newest first */
export async function search(room, query) {
  const response = await fetch(`/api/rooms/${encodeURIComponent(room)}/search?${new URLSearchParams({ q: query, limit: '30' })}`);
  if (!response.ok) throw await problemOf(response);
  return (await response.json()).hits;
}

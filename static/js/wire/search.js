/** What was said and written in a room, by its words. */
import { problemOf } from './protocol.js';

/** @typedef {{seq: number, text: string, at_ms: number, by: import('./protocol.js').Voice|null, clip?: string}} Hit */

/** @param {string} room @param {string} query @returns {Promise<Hit[]>} newest first */
export async function search(room, query) {
  const response = await fetch(`/api/rooms/${encodeURIComponent(room)}/search?${new URLSearchParams({ q: query, limit: '30' })}`);
  if (!response.ok) throw await problemOf(response);
  return (await response.json()).hits;
}

/** Why the server writes no captions, in a sentence; '' where it does, or cannot be asked. @returns {Promise<string>} */
export async function whyNoCaptions() {
  const state = await fetch('/readyz').then((response) => response.json()).catch(() => ({}));
  return typeof state.captions_off === 'string' ? state.captions_off : '';
}

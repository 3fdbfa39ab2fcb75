/** What the keeper of a room asks of the server. */
import { bearer } from './key.js';
import { encoded, problemOf } from './protocol.js';

/** @param {string} room */
const addressOf = (room) => `/api/rooms/${encodeURIComponent(room)}`;

/** @param {string} room @param {{name?: string, theme?: string, description?: string, tempo?: string, live?: boolean, mask?: string, noise_reduction?: boolean, character?: string}} changes */
export async function changeRoom(room, changes) {
  const response = await fetch(addressOf(room), {
    method: 'PATCH',
    headers: { ...bearer(), 'Content-Type': 'application/json' },
    body: encoded(changes),
  });
  if (!response.ok) throw await problemOf(response);
}

/** @param {string} room */
export async function closeRoom(room) {
  const response = await fetch(addressOf(room), { method: 'DELETE', headers: bearer() });
  if (!response.ok) throw await problemOf(response);
}

/** @typedef {{id: string, voice: import('./protocol.js').Voice, made_at_ms: number}} Hook */

/** The addresses by which programs may write into a room. @param {string} room @returns {Promise<Hook[]>} */
export async function hooksOf(room) {
  const response = await fetch(`${addressOf(room)}/hooks`, { headers: bearer() });
  if (!response.ok) throw await problemOf(response);
  return (await response.json()).hooks;
}

/** Gives the address, which is told this once. @param {string} room @returns {Promise<string>} */
export async function makeHook(room) {
  const response = await fetch(`${addressOf(room)}/hooks`, { method: 'POST', headers: bearer() });
  if (!response.ok) throw await problemOf(response);
  return (await response.json()).url;
}

/** @param {string} room @param {string} hook */
export async function removeHook(room, hook) {
  const response = await fetch(`${addressOf(room)}/hooks/${encodeURIComponent(hook)}`, { method: 'DELETE', headers: bearer() });
  if (!response.ok) throw await problemOf(response);
}

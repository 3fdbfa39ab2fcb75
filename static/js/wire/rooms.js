/** The lobby's side of the HTTP interface. */
import { encoded, problemOf } from './protocol.js';

/** @typedef {import('./protocol.js').Room} Room */

/** How long a room's words may be, as the server has it. */
export const LETTERS = { name: 60, theme: 120, description: 500 };

/**
 * Return the public rooms, liveliest first, why there are no captions in them, '' where there are, the address of the
 * Telegram bot, '' where there is none, and how many people are here now and came today.
 * @returns {Promise<import('../room/lobby.js').Crowd & {rooms: Room[], captions_off?: string, telegram?: string}>}
 */
export async function publicRooms() {
  const response = await fetch('/api/rooms', { headers: { Accept: 'application/json' } });
  if (!response.ok) throw await problemOf(response);
  return response.json();
}

/** Return the local rooms of a cell and of the cells around it. @param {string} cell @returns {Promise<Room[]>} */
export async function roomsNear(cell) {
  const response = await fetch(`/api/rooms?place=${encodeURIComponent(cell)}`);
  if (!response.ok) throw await problemOf(response);
  return (await response.json()).rooms;
}

/**
 * @param {{kind: string, name?: string, theme?: string, language?: string, tempo?: string,
 *   public?: boolean, place?: string}} wanted
 * @returns {Promise<Room>}
 */
export async function openRoom(wanted) {
  const response = await fetch('/api/rooms', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: encoded(wanted),
  });
  if (!response.ok) throw await problemOf(response); // 201, or 200 for a place that has its room already
  return response.json();
}

/** Three words that lead into a room for a while. @param {string} room @returns {Promise<{code: string, for_ms: number}>} */
export async function codeOf(room) {
  const response = await fetch(`/api/rooms/${encodeURIComponent(room)}/code`, { method: 'POST' });
  if (!response.ok) throw await problemOf(response);
  return response.json();
}

/** Where three words lead. @param {string} words @returns {Promise<string>} a room */
export async function roomOf(words) {
  const response = await fetch(`/api/codes?words=${encodeURIComponent(words)}`);
  if (!response.ok) throw await problemOf(response);
  return (await response.json()).room;
}

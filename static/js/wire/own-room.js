/** What the keeper of a room asks of the server. */
import { bearer } from './key.js';
import { encoded, problemOf } from './protocol.js';

/** @param {string} room */
const addressOf = (room) => `/api/rooms/${encodeURIComponent(room)}`;

/** @param {string} room @param {{name?: string, theme?: string, description?: string, tempo?: string, live?: boolean, mask?: string, noise_reduction?: boolean}} changes */
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

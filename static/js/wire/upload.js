/** A recorded take as a file, for browsers whose UDP is blocked. */
import { get } from '../lib/preferences.js';
import { bearer } from './key.js';
import { problemOf } from './protocol.js';

/**
 * @param {string} room
 * @param {Blob} take
 * @returns {Promise<{id: string}>} the clip, or the take that its speaker may hear first (202)
 */
export async function upload(room, take) {
  const response = await fetch(`/api/rooms/${encodeURIComponent(room)}/clips?mask=${get('mask')}`, {
    method: 'POST',
    headers: { ...bearer(), 'Content-Type': take.type.split(';')[0] || 'application/octet-stream' },
    body: take,
  });
  if (response.status !== 201 && response.status !== 202) throw await problemOf(response);
  return response.json();
}

/** Hearing oneself as others would: the server puts the mask on, and keeps nothing. */
import { bearer } from './key.js';
import { problemOf } from './protocol.js';

/** @param {string} mask @param {Blob} take @param {string} [room] whose noise reduction it is heard with @returns {Promise<Blob>} */
export async function tried(mask, take, room) {
  const response = await fetch(`/api/masks/${encodeURIComponent(mask)}/preview${room ? `?room=${encodeURIComponent(room)}` : ''}`, {
    method: 'POST',
    headers: { ...bearer(), 'Content-Type': take.type.split(';')[0] || 'application/octet-stream' },
    body: take,
  });
  if (!response.ok) throw await problemOf(response);
  return response.blob();
}

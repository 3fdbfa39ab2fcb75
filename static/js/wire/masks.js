/** Hearing oneself as others would: the server puts the mask on, and keeps nothing. */
import { bearer } from './key.js';
import { problemOf } from './protocol.js';

/** @param {string} mask @param {Blob} take @returns {Promise<Blob>} */
export async function tried(mask, take) {
  const response = await fetch(`/api/masks/${encodeURIComponent(mask)}/preview`, {
    method: 'POST',
    headers: { ...bearer(), 'Content-Type': take.type.split(';')[0] || 'application/octet-stream' },
    body: take,
  });
  if (!response.ok) throw await problemOf(response);
  return response.blob();
}

/** A request about a room by this visitor. */
import { bearer } from './key.js';
import { encoded, problemOf } from './protocol.js';

/** Throws what the server refuses. @param {string} method @param {string} room @param {{path?: string, body?: object}} [about] */
export async function ask(method, room, { path = '', body } = {}) {
  const headers = body ? { ...bearer(), 'Content-Type': 'application/json' } : bearer();
  const response = await fetch(`/api/rooms/${encodeURIComponent(room)}${path}`, { method, headers, body: body && encoded(body) });
  if (!response.ok) throw await problemOf(response);
  return response;
}

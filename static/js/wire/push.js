/** Being woken when somebody speaks in a room. */
import { bearer } from './key.js';
import { encoded, problemOf } from './protocol.js';

/** @param {string} room @param {RequestInit} [options] */
async function ask(room, options = {}) {
  const response = await fetch(`/api/rooms/${encodeURIComponent(room)}/push`, { ...options, headers: { ...bearer(), ...options.headers } });
  if (!response.ok) throw await problemOf(response);
  return response;
}

/** The key that a browser subscribes with, '' where nobody is woken, and whether this visitor is. @param {string} room @returns {Promise<{key: string, on: boolean}>} */
export async function pushOf(room) {
  return (await ask(room)).json();
}

/** @param {string} room @param {PushSubscriptionJSON} subscription @param {string} language */
export async function wakeMe(room, subscription, language) {
  await ask(room, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: encoded({ ...subscription, language }) });
}

/** @param {string} room */
export async function letMeSleep(room) {
  await ask(room, { method: 'DELETE' });
}

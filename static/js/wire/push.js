/** Being woken when somebody speaks in a room. */
import { ask } from './ask.js';

const path = '/push';

/** The key that a browser subscribes with, '' where nobody is woken, and whether this visitor is. @param {string} room @returns {Promise<{key: string, on: boolean}>} */
export async function pushOf(room) {
  return (await ask('GET', room, { path })).json();
}

/** @param {string} room @param {PushSubscriptionJSON} subscription @param {string} language */
export async function wakeMe(room, subscription, language) {
  await ask('POST', room, { path, body: { ...subscription, language } });
}

/** @param {string} room */
export async function letMeSleep(room) {
  await ask('DELETE', room, { path });
}

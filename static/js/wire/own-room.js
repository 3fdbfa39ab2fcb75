/** What the keeper of a room asks of the server. */
import { ask } from './ask.js';

/** @param {string} room @param {{name?: string, theme?: string, description?: string, tempo?: string, live?: boolean, mask?: string, noise_reduction?: boolean, character?: string}} changes */
export async function changeRoom(room, changes) {
  await ask('PATCH', room, { body: changes });
}

/** @param {string} room */
export async function closeRoom(room) {
  await ask('DELETE', room);
}

/** @typedef {{id: string, voice: import('./protocol.js').Voice, made_at_ms: number}} Hook */

/** The addresses by which programs may write into a room. @param {string} room @returns {Promise<Hook[]>} */
export async function hooksOf(room) {
  return (await (await ask('GET', room, { path: '/hooks' })).json()).hooks;
}

/** Gives the address, which is told this once. @param {string} room @returns {Promise<string>} */
export async function makeHook(room) {
  return (await (await ask('POST', room, { path: '/hooks' })).json()).url;
}

/** @param {string} room @param {string} hook */
export async function removeHook(room, hook) {
  await ask('DELETE', room, { path: `/hooks/${encodeURIComponent(hook)}` });
}

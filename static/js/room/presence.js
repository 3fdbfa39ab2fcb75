/**
 * Who is here: a fold of presence and speaking signals. Nothing of it is ever stored.
 *
 * @typedef {import('../wire/protocol.js').Voice} Voice
 * @typedef {{voices: Map<string, Voice>, speaking: Set<string>, listeners: number, speakers: number, readers: number}} Presence
 */

/** @type {Presence} */
export const NOBODY = { voices: new Map(), speaking: new Set(), listeners: 0, speakers: 0, readers: 0 };

/** @param {Presence} presence @param {string} kind @param {any} data @returns {Presence} */
export function foldPresence(presence, kind, data) {
  if (kind === 'presence') return moved(presence, data);
  if (kind === 'speaking') return spoke(presence, idOf(data.voice), Boolean(data.on));
  return presence;
}

/** How many people are here: machines are, too, but nobody's company is counted by them. @param {Pick<Presence, 'voices'>} presence */
export function peopleIn({ voices }) {
  return [...voices.values()].filter(({ machine }) => !machine).length;
}

/** Whether one reads rather than hears: large words, or no sound. @param {string} hearing @param {string} captions */
export function reads(hearing, captions) {
  return captions === 'large' || (captions === 'on' && hearing !== 'radio' && hearing !== 'files');
}

/** Whether somebody else reads along. @param {Pick<Presence, 'readers'>} presence @param {boolean} isReader whether one does so oneself */
export function othersRead({ readers }, isReader) {
  return readers > Number(isReader);
}

/** @param {Presence} presence @param {any} data @returns {Presence} */
function moved(presence, data) {
  const voices = new Map(presence.voices);
  const speaking = new Set(presence.speaking);
  for (const voice of data.voices ?? []) voices.set(voice.id, voice);
  for (const id of data.gone ?? []) {
    voices.delete(id);
    speaking.delete(id);
  }
  const { listeners = presence.listeners, speakers = presence.speakers, readers = 0 } = data;
  return { voices, speaking, listeners, speakers, readers };
}

/** @param {Presence} presence @param {string} id @param {boolean} on @returns {Presence} */
function spoke(presence, id, on) {
  const speaking = new Set(presence.speaking);
  if (on) speaking.add(id);
  else speaking.delete(id);
  return { ...presence, speaking };
}

/** @param {string|Voice} voice @returns {string} */
function idOf(voice) {
  return typeof voice === 'string' ? voice : (voice?.id ?? '');
}

/** Keeps what one's own takes were like, in this browser alone. */
import { recall, remember } from '../lib/storage.js';
import { laughed, took, worded } from '../room/spontaneity.js';

/** @typedef {import('../room/spontaneity.js').Entry} Entry */

const KEY = 'diary';

/** @returns {Entry[]} */
export function entries() {
  const kept = recall(KEY, []);
  return Array.isArray(kept) ? kept : [];
}

export function erase() {
  remember(KEY, []);
}

/** @param {import('./model.js').Model} model @param {string} kind @param {any} data @param {import('../wire/protocol.js').Voice|null} by @param {number} at_ms */
export function note({ me, state }, kind, data, by, at_ms) {
  const before = entries();
  const after = noted(before, kind, data, by?.id ?? '', { me: me?.id ?? '', at_ms, game: (state.round ?? state.last_round)?.game ?? '' });
  if (after !== before) remember(KEY, after);
}

/** @param {Entry[]} list @param {string} kind @param {any} data @param {string} by @param {{me: string, at_ms: number, game: string}} now */
function noted(list, kind, data, by, { me, at_ms, game }) {
  const own = (/** @type {string} */ clip) => list.some((entry) => entry.clip === clip);
  if (kind === 'clip.landed' && by === me && data.clip) {
    const { clip, duration_ms, reaction_ms = null, round } = data;
    return took(list, { clip, at_ms, game: round ? game : '', reaction_ms, duration_ms });
  }
  if (kind === 'clip.captioned' && own(data.clip)) return worded(list, data.clip, data.text);
  if (kind === 'reaction.given' && by !== me && own(data.target)) return laughed(list, data.target);
  return list;
}

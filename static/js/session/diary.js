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

/** Note what an event says of one's own takes. @param {import('../wire/protocol.js').Event} event @param {string} me @param {string} game that is played */
export function note(event, me, game) {
  const before = entries();
  const after = noted(before, event, me, game);
  if (after !== before) remember(KEY, after);
}

/** The entries after an event; one that was noted before changes nothing. @param {Entry[]} list @param {import('../wire/protocol.js').Event} event @param {string} me @param {string} game @returns {Entry[]} */
export function noted(list, { kind, data, at_ms, ...event }, me, game) {
  const by = event.by?.id ?? '';
  const own = (/** @type {string} */ clip) => list.some((entry) => entry.clip === clip);
  if (kind === 'clip.landed' && by === me && data.clip) {
    const { clip, duration_ms, reaction_ms = null, round } = data;
    return took(list, { clip, at_ms, game: round ? game : '', reaction_ms, duration_ms });
  }
  if (kind === 'clip.captioned' && own(data.clip)) return worded(list, data.clip, data.text);
  if (kind === 'reaction.given' && by !== me && own(data.target)) return laughed(list, data.target, at_ms);
  return list;
}

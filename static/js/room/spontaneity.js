/**
 * How spontaneous one's own voice was, as a diary that never leaves its browser. Pure.
 *
 * @typedef {{clip: string, at_ms: number, game: string, reaction_ms: number|null, duration_ms: number, words: number|null, laughs: number, laughed_at_ms?: number}} Entry
 * @typedef {'ahead'|'spontaneous'|'editing'|'blocked'} Band
 * @typedef {{day: string, takes: number, median_ms: number|null, words: number, laughs: number}} Day
 */

export const KEPT = 1_000;
/** Where a band ends, in ms after "go": a thought that was ready before, the first one, an edited one, a stuck one. */
export const BANDS = /** @type {const} */ ([['ahead', 600], ['spontaneous', 2_000], ['editing', 4_000], ['blocked', Infinity]]);

/** @param {number} reaction_ms @returns {Band} */
export function bandOf(reaction_ms) {
  return /** @type {[Band, number]} */ (/** @type {unknown} */ (BANDS.find(([, ends_ms]) => reaction_ms < ends_ms)))[0];
}

/** @param {Entry[]} entries @param {Omit<Entry, 'words'|'laughs'>} take @returns {Entry[]} */
export function took(entries, take) {
  if (entries.some(({ clip }) => clip === take.clip)) return entries;
  return [...entries, { ...take, words: null, laughs: 0 }].slice(-KEPT);
}

/** @param {Entry[]} entries @param {string} clip @param {string} text @returns {Entry[]} */
export function worded(entries, clip, text) {
  const words = text.match(/[\p{L}\p{N}][\p{L}\p{N}'’-]*/gu)?.length ?? 0;
  return entries.map((entry) => (entry.clip === clip ? { ...entry, words } : entry));
}

/** Count a reaction once, for a page that is opened again hears of it again. @param {Entry[]} entries @param {string} clip @param {number} at_ms @returns {Entry[]} */
export function laughed(entries, clip, at_ms) {
  const isNew = (/** @type {Entry} */ entry) => entry.clip === clip && at_ms > (entry.laughed_at_ms ?? 0);
  return entries.map((entry) => (isNew(entry) ? { ...entry, laughs: entry.laughs + 1, laughed_at_ms: at_ms } : entry));
}

/** @param {Entry[]} entries @returns {Record<Band, number>} */
export function bandsOf(entries) {
  const counts = { ahead: 0, spontaneous: 0, editing: 0, blocked: 0 };
  for (const { reaction_ms } of entries) if (reaction_ms !== null) counts[bandOf(reaction_ms)] += 1;
  return counts;
}

/** Days with takes, oldest first. @param {Entry[]} entries @param {(at_ms: number) => string} dayOf @returns {Day[]} */
export function daysOf(entries, dayOf) {
  const days = new Map();
  for (const entry of entries) days.set(dayOf(entry.at_ms), [...(days.get(dayOf(entry.at_ms)) ?? []), entry]);
  return [...days].map(([day, takes]) => ({ day, takes: takes.length, median_ms: median(reactions(takes)), words: sum(takes, 'words'), laughs: sum(takes, 'laughs') }));
}

/** @param {Entry[]} takes */
function reactions(takes) {
  return /** @type {number[]} */ (takes.map(({ reaction_ms }) => reaction_ms).filter((ms) => ms !== null));
}

/** @param {Entry[]} takes @param {'words'|'laughs'} field */
export function sum(takes, field) {
  return takes.reduce((all, take) => all + (take[field] ?? 0), 0);
}

/** @param {number[]} values @returns {number|null} */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (!sorted.length) return null;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * What the folds of JavaScript and Python both know of a room (`shared` in tests/support/golden.py), as JSON.
 * Run as a program it reads one log a line, an array of events, and writes the state each folds to.
 */
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { EMPTY, foldAll } from '../../../static/js/room/state.js';

/** @typedef {import('../../../static/js/room/state.js').RoomState} RoomState */
/** @typedef {import('../../../static/js/wire/protocol.js').Round} Round */

/** What the page alone keeps, to show it. On every other field both folds must agree. */
const PAGES_OWN = { state: ['reactions', 'ripples', 'topic', 'rolls', 'reported'], clip: ['verdicts', 'asked'], round: ['unseen', 'closing'] };

/** @param {RoomState} state */
export function shared(state) {
  const { clips, texts, written, suggestions, muted, withheld, held, round, last_round } = state;
  return plain({
    ...without(state, PAGES_OWN.state),
    clips: Object.fromEntries([...clips].map(([id, clip]) => [id, without(clip, PAGES_OWN.clip)])),
    texts: Object.fromEntries([...texts].map(([seq, { by }]) => [seq, by?.id ?? ''])),
    written: Object.fromEntries(written),
    suggestions: Object.fromEntries(suggestions),
    muted: Object.fromEntries(muted),
    withheld: Object.fromEntries(withheld),
    held: Object.fromEntries([...held].map(([clip, { filter }]) => [clip, filter])),
    round: round && roundOf(round),
    last_round: last_round && roundOf(last_round),
  });
}

/** @param {Round} round */
function roundOf(round) {
  const verdicts = round.verdicts.map((verdict) => ({ ...verdict, overruled: verdict.overruled ?? false }));
  return { ...without(round, PAGES_OWN.round), verdicts, closed: round.closing?.reason ?? null };
}

/** @param {object} value @param {string[]} names */
function without(value, names) {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));
}

/** @param {object} value */
function plain(value) {
  return JSON.parse(JSON.stringify(value));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for await (const line of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(shared(foldAll(EMPTY, JSON.parse(line)))));
  }
}

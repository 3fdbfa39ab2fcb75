/**
 * When words of a clip are heard. Pure.
 *
 * @typedef {[string, number, number]} Word  with the times from which and to which it is heard, in ms of its clip
 */

import { companionOf } from './head.js';

const LINE_LETTERS = 42; // read at a glance, as in the captions of `server/web/cues.py`
const PAUSE_MS = 700; // a silence of this length ends a line
const EARLY_MS = 60; // eyes are told a little sooner than ears

/** Which word is heard at a time: the last that has begun; -1 before the first. @param {readonly Word[]} words @param {number} at_ms */
export function spokenAt(words, at_ms) {
  let at = -1;
  while (at + 1 < words.length && words[at + 1][1] <= at_ms + EARLY_MS) at += 1;
  return at;
}

/** The words line by line: where each line begins, in the order of the words. @param {readonly Word[]} words @returns {number[]} */
export function linesOf(words) {
  /** @type {number[]} */
  const begins = [];
  let letters = 0;
  for (const [at, [word, start_ms]] of words.entries()) {
    const before = words[at - 1];
    const isNext = !before || letters + word.length > LINE_LETTERS || start_ms - before[2] >= PAUSE_MS || '.!?…'.includes(before[0].slice(-1));
    if (isNext) begins.push(at);
    letters = (isNext ? 0 : letters) + word.length + 1;
  }
  return begins;
}

/** The line that is heard at a time, and which of its words. Before its first word the first line is there to be read. @param {readonly Word[]} words @param {number} at_ms @returns {{line: string[], at: number}} */
export function lineAt(words, at_ms) {
  const spoken = spokenAt(words, at_ms);
  const begins = linesOf(words);
  const line = begins.findLastIndex((begin) => begin <= Math.max(0, spoken));
  const [from, to] = [begins[line] ?? 0, begins[line + 1] ?? words.length];
  return { line: words.slice(from, to).map(([word]) => word), at: spoken - from };
}

/** Whether a text is these words, so that each can be marked in it. @param {string} text @param {readonly Word[]} words */
export function isMarkable(text, words) {
  return words.length > 0 && words.map(([word]) => word).join(' ') === text;
}

/**
 * The newest line, where the machine that keeps people company wrote it. @param {Pick<import('./head.js').Seen, 'state'|'room'|'hidden'>} model
 * @returns {import('./state.js').Text|null}
 */
export function talkOf(model) {
  const line = [...model.state.texts.values()].at(-1);
  const isHost = line?.by?.machine && line.by.name === companionOf(model);
  return isHost && !model.hidden?.includes(line.by?.id ?? '') && !model.state.withheld.has(String(line.seq)) ? line : null;
}

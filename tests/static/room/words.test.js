import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMarkable, lineAt, linesOf, spokenAt } from '../../../static/js/room/words.js';

/** @typedef {[string, number, number]} Word */

/** @type {Word[]} */
const WORDS = [['It', 100, 200], ['was', 220, 400], ['a', 420, 480], ['wombat.', 500, 900], ['Truly', 950, 1_200], ['so', 2_500, 2_700]];

test('the word that is heard is the last that has begun, a little before ears know', () => {
  assert.equal(spokenAt(WORDS, 0), -1);
  assert.equal(spokenAt(WORDS, 50), 0);
  assert.equal(spokenAt(WORDS, 300), 1);
  assert.equal(spokenAt(WORDS, 10_000), 5);
  assert.equal(spokenAt([], 10), -1);
});

test('a line ends with a sentence, with a pause, and where it would be too long to be read', () => {
  assert.deepEqual(linesOf(WORDS), [0, 4, 5]);
  /** @type {Word[]} */
  const long = Array.from({ length: 12 }, (_, at) => ['wonderful', at * 100, at * 100 + 90]);
  assert.deepEqual(linesOf(long), [0, 4, 8]);
  assert.deepEqual(linesOf([]), []);
});

test('before its first word a line is there to be read, and after the last it stays', () => {
  assert.deepEqual(lineAt(WORDS, 0), { line: ['It', 'was', 'a', 'wombat.'], at: -1 });
  assert.deepEqual(lineAt(WORDS, 430), { line: ['It', 'was', 'a', 'wombat.'], at: 2 });
  assert.deepEqual(lineAt(WORDS, 1_100), { line: ['Truly'], at: 0 });
  assert.deepEqual(lineAt(WORDS, 9_000), { line: ['so'], at: 0 });
  assert.deepEqual(lineAt([], 0), { line: [], at: -1 });
});

test('words are marked in a text that is nothing but these words', () => {
  assert.equal(isMarkable('It was a wombat. Truly so', WORDS), true);
  assert.equal(isMarkable('It was a wombat', WORDS), false);
  assert.equal(isMarkable('', []), false);
});

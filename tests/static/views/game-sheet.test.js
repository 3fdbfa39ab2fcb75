import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Visit } from '../support/visit.js';

await new Visit().enter(); // the page around it
const { factsOf } = await import('../../../static/js/views/game-sheet.js');

/** @param {number} least @param {number} most @param {number} seconds @param {string} mood */
function told(least, most, seconds, mood) {
  return factsOf({ players: { least, most }, seconds, mood });
}

test('a game tells how many, about how long, and what it is like', () => {
  assert.deepEqual(told(1, 24, 12, 'easy'), ['even alone', 'about 12 s', 'easy']);
  assert.deepEqual(told(2, 2, 45, 'bold'), ['2 voices', 'about 45 s', 'bold']);
  assert.deepEqual(told(1, 1, 30, 'silly'), ['1 voice', 'about 30 s', 'silly']);
  assert.deepEqual(told(1, 2, 60, 'calm'), ['1 to 2 voices', 'about a minute', 'calm']);
  assert.deepEqual(told(3, 24, 90, 'story'), ['3 voices or more', 'about 2 minutes', 'a story']);
});

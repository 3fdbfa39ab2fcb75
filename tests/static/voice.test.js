import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Voice } from '../../static/js/stage/voice.js';

/** How long the page lets a take be. @param {number} longest_clip_ms @param {number} pace @param {number} [limit_ms] @param {boolean} [playing] */
function limit(longest_clip_ms, pace, limit_ms, playing = true) {
  const session = /** @type {any} */ ({ model: { room: { longest_clip_ms }, pace, playing } });
  return new Voice(session).limitOf(limit_ms === undefined ? null : /** @type {any} */ ({ limit_ms }));
}

test('a take has the time of its room, and twice that for who needs it: half a minute in slow rooms', () => {
  assert.equal(limit(7_000, 1), 7_000);
  assert.equal(limit(10_000, 2), 20_000);
  assert.equal(limit(15_000, 2), 30_000);
});

test('a turn has its own time', () => {
  assert.equal(limit(7_000, 2, 15_000), 30_000);
  assert.equal(limit(7_000, 1.5, 0), 10_500);
});

test('the server grants more time to who plays along, so nobody else may speak for longer than it keeps', () => {
  assert.equal(limit(15_000, 2, undefined, false), 15_000);
  assert.equal(limit(7_000, 2, 4_000, false), 4_000);
});

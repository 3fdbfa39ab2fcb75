import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Voice } from '../../static/js/stage/voice.js';

/** @param {boolean} playing @param {number} pace */
const limits = (playing, pace) => {
  const voice = new Voice(/** @type {any} */ ({ model: { room: { longest_clip_ms: 15_000 }, playing, pace } }));
  return [voice.limitOf(null), voice.limitOf(/** @type {any} */ ({ limit_ms: 4_000 }))];
};

test('a take ends here when it ends at the server, which grants more time to who plays along', () => {
  assert.deepEqual(limits(true, 2), [30_000, 8_000]);
  assert.deepEqual(limits(false, 2), [15_000, 4_000]);
  assert.deepEqual(limits(true, 1), [15_000, 4_000]);
});

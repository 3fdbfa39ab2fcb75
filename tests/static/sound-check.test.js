import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SoundCheck } from '../../static/js/room/sound-check.js';

/** What is said of hops of one loudness, each [how many, dB of full scale, peak]. @param {...[number, number, number?]} parts */
function verdict(...parts) {
  const check = new SoundCheck();
  let begins_s = 0;
  for (const [hops, db, peak = 0.5] of [[50, -70], ...parts]) {
    for (let hop = 0; hop < hops; hop += 1) check.hear({ begins_s: (begins_s += 0.01), rms: 10 ** (db / 20), peak });
  }
  return check.verdict;
}

test('a voice is judged when there is enough of it', () => {
  assert.equal(verdict(), 'waiting');
  assert.equal(verdict([29, -20]), 'waiting');
  assert.equal(verdict([30, -20]), 'good');
  assert.equal(verdict([15, -20], [40, -70], [15, -20]), 'good');
});

test('who is quiet or crackles is told so, and what was mended counts', () => {
  assert.equal(verdict([40, -46]), 'quiet');
  assert.equal(verdict([100, -46], [95, -20]), 'good');
  assert.equal(verdict([40, -8, 1]), 'clipping');
  assert.equal(verdict([90, -20], [3, -8, 1]), 'good', 'a plosive is no trouble');
  assert.equal(verdict([100, -8, 1], [100, -20]), 'good');
});

test('nothing for five seconds is nothing; noise of the room is no voice', () => {
  assert.equal(verdict([500, -100]), 'nothing');
  assert.equal(verdict([500, -62]), 'nothing');
  assert.equal(verdict([500, -100], [40, -20]), 'good');
  assert.equal(verdict([40, -20], [600, -100]), 'good', 'it was heard');
});

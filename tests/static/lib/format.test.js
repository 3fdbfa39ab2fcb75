import assert from 'node:assert/strict';
import { test } from 'node:test';
import { day } from '../../../static/js/lib/format.js';

test('a day is said as people say it: near, by its weekday, by its date', () => {
  const now = new Date(2026, 10, 27, 0, 30).getTime();
  const at = (/** @type {number} */ days, hour = 12) => day(new Date(2026, 10, 27 - days, hour).getTime(), now);

  assert.deepEqual([at(0, 0), at(1, 23), at(1, 0)], [{ isNear: true, words: 'today' }, { isNear: true, words: 'yesterday' }, { isNear: true, words: 'yesterday' }]);
  assert.deepEqual([at(3), at(6)], [{ isNear: false, words: 'Tuesday' }, { isNear: false, words: 'Saturday' }]);
  assert.equal(at(7).isNear, false);
  assert.match(at(7).words, /20/);
  assert.deepEqual(day(now + 5_000, now), { isNear: true, words: 'today' }); // two clocks may differ
});

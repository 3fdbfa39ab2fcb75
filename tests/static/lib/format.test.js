import assert from 'node:assert/strict';
import { test } from 'node:test';

const HOUR_MS = 3_600_000;

/** The functions as a browser of this language has them. @param {string[]} languages @param {string} name */
async function formatIn(languages, name) {
  Object.defineProperty(globalThis, 'navigator', { value: { languages }, configurable: true });
  return import(`../../../static/js/lib/format.js?${name}`);
}

test('how long something is kept is told in days, and under a day in hours', async () => {
  const { span } = await formatIn(['en-GB'], 'span');

  assert.deepEqual([7 * 24, 24, 36, 5, 0.2].map((hours) => span(hours * HOUR_MS)), ['7 days', '1 day', '2 days', '5 hours', '1 hour']);
});

test('times have the form of the visitor, and not of the language at large', async () => {
  const late = new Date(2026, 10, 26, 23, 4).getTime();
  const british = await formatIn(['en-GB', 'en'], 'british');
  const american = await formatIn(['en-US', 'en'], 'american');

  assert.equal(british.time(late), '23:04');
  assert.match(american.time(late), /^11:04\sPM$/);
});

test('a day is said as people say it: near, by its weekday, by its date', async () => {
  const { day } = await formatIn(['en-GB'], 'day');
  const now = new Date(2026, 10, 27, 0, 30).getTime();
  const at = (/** @type {number} */ days, hour = 12) => day(new Date(2026, 10, 27 - days, hour).getTime(), now);

  assert.deepEqual([at(0, 0), at(1, 23), at(1, 0)], [{ isNear: true, words: 'today' }, { isNear: true, words: 'yesterday' }, { isNear: true, words: 'yesterday' }]);
  assert.deepEqual([at(3), at(6)], [{ isNear: false, words: 'Tuesday' }, { isNear: false, words: 'Saturday' }]);
  assert.equal(at(7).isNear, false);
  assert.match(at(7).words, /20/);
  assert.deepEqual(day(now + 5_000, now), { isNear: true, words: 'today' }); // two clocks may differ
});

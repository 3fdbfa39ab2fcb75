import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeTimers } from '../support/timers.js';

/** @type {string[]} */
const said = [];
Object.assign(globalThis, { document: { getElementById: () => ({ set textContent(/** @type {string} */ text) { said.push(text); } }) } });
const { announce, hush } = await import('../../../static/js/lib/announce.js');

/** What is said in a while. @param {FakeTimers} timers @param {number} ms */
async function saidWithin(timers, ms) {
  said.length = 0;
  timers.run(ms);
  return [...said];
}

test('what comes at once is said at once, what follows is grouped', async () => {
  const timers = new FakeTimers().install();
  announce('one');
  assert.deepEqual(await saidWithin(timers, 100), ['one']);

  for (const text of ['two', 'two', 'three']) announce(text);
  assert.deepEqual(await saidWithin(timers, 1_600), ['two three']);
  timers.run(2_000);
});

test('of much that waits the newest is said', async () => {
  const timers = new FakeTimers().install();
  for (const text of ['one', 'two', 'three', 'four', 'five']) announce(text);

  assert.deepEqual(await saidWithin(timers, 2_000), ['three four five']);
  timers.run(2_000);
});

test('nothing is said into an open microphone; it is said when that is closed', async () => {
  const timers = new FakeTimers().install();
  hush(true);
  announce('Wobbly Octopus: moon');
  assert.deepEqual(await saidWithin(timers, 5_000), []);

  hush(false);
  assert.deepEqual(await saidWithin(timers, 200), ['Wobbly Octopus: moon']);
  assert.deepEqual(await saidWithin(timers, 5_000), []);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Visit } from '../support/visit.js';

test('who comes into an open room to play along has a microphone', async () => {
  const visit = await new Visit().enter(true);

  assert.equal(visit.model.playing, true);
  assert.equal(visit.model.mic, 'open');
});

test('who comes into a closed room to play along is asked for no microphone', async () => {
  const visit = await new Visit({ room: { closed: true } }).enter(true);

  assert.equal(visit.model.playing, false);
  assert.equal(visit.model.mic, 'unasked');
});

test('only a phone beside a screen is told that the sound comes from there', async () => {
  const beside = await new Visit({ query: 'same=room' }).enter();
  const muted = new Visit();
  muted.session.sound(false); // as a closed room does
  await muted.enter();

  assert.deepEqual(beside.notices, ['same-room']);
  assert.deepEqual(muted.notices, []);
});

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { set } from '../../../static/js/lib/preferences.js';
import { Visit } from '../support/visit.js';

const SPEECH = { kind: 'speech', url: '/api/speech/abc.ogg', duration_ms: 900 };

afterEach(() => set('spoken', true));

/** The room says something now. @param {Visit} visit @param {Record<string, unknown>} [changes] */
function says(visit, changes = {}) {
  visit.signal('cue', { ...SPEECH, starts_at_ms: visit.server_ms + 5, ...changes });
}

test('what the room says is heard, and is no clip', async () => {
  const visit = await new Visit().enter();
  says(visit);
  await visit.pass(100);
  assert.deepEqual([visit.player.hushed, visit.model.onAir], [false, null]);
});

test('whoever wants no words hears none of them, and the clip after them', async () => {
  const visit = await new Visit().enter();
  set('spoken', false);
  says(visit);
  assert.equal(visit.player.hushed, true);
  await visit.pass(600);
  assert.equal(visit.player.hushed, true);
  visit.signal('cue', { clip: 'c', starts_at_ms: visit.server_ms, duration_ms: 900 });
  assert.equal(visit.player.hushed, false);
  says(visit, { kind: 'sound', duration_ms: 300 });
  assert.equal(visit.player.hushed, true);
  await visit.pass(700);
  assert.equal(visit.player.hushed, false);
});

test('words of the room are heard where somebody is hidden, for they are nobody', async () => {
  const visit = await new Visit().enter();
  visit.session.hidden.add('bela', 'Bela');
  says(visit);
  assert.equal(visit.player.hushed, false);
});

test('the room is told whether they are wanted, at once', async () => {
  const visit = await new Visit().enter();
  assert.equal(visit.asked('here').at(-1)?.voice, true);
  set('spoken', false);
  await visit.serve();
  assert.equal(visit.asked('here').at(-1)?.voice, false);
});

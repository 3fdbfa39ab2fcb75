import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Visit } from '../support/visit.js';

test('a microphone that nobody plays along with is given back after a minute, the way stays', async () => {
  const visit = await new Visit().enter();
  await visit.talk('start');
  await visit.talk('stop');

  await visit.pass(60_100);

  assert.equal(visit.devices.microphone.track, null);
  assert.deepEqual([visit.devices.peers[0].track, visit.devices.peers[0].isUp], [null, true]);
  await visit.talk('start');
  assert.deepEqual([visit.model.speaking, visit.devices.peers.length], ['live', 1]);
});

test('who steps back before the microphone is open does not have it open after all', async () => {
  const visit = await new Visit({ waits: true }).enter(true);

  visit.session.play(false);
  await visit.serve();
  visit.devices.microphone.allow();
  await visit.serve();

  assert.deepEqual([visit.model.playing, visit.devices.microphone.track, visit.devices.peers[0].track], [false, null, null]);
});

test('who steps back in the middle of a take has the microphone back with the end of it', async () => {
  const visit = await new Visit().enter(true);
  await visit.talk('start');
  assert.equal(visit.model.speaking, 'live');

  visit.session.play(false);
  await visit.serve();
  assert.equal(visit.model.speaking, 'live'); // pressed by hand: it goes on until it is let go
  await visit.talk('stop');
  await visit.pass(1);

  assert.deepEqual([visit.model.speaking, visit.devices.microphone.track], ['ready', null]);
  await visit.talk('start');
  await visit.talk('stop');
  await visit.pass(1);
  assert.notEqual(visit.devices.microphone.track, null); // the usual rest
});

test('who steps back and on again keeps the microphone', async () => {
  const visit = await new Visit({ waits: true }).enter(true);

  for (const playing of [false, true]) visit.session.play(playing);
  await visit.serve();
  visit.devices.microphone.allow();
  await visit.serve();

  assert.equal(visit.model.playing, true);
  assert.notEqual(visit.devices.microphone.track, null);
});

test('a refused microphone ends playing along, and the room is told', async () => {
  const visit = await new Visit({ waits: true }).enter(true);
  visit.devices.microphone.refuse();
  await visit.serve();

  assert.deepEqual([visit.model.playing, visit.notices, visit.devices.awake], [false, ['mic-refused'], false]);
  assert.equal(visit.asked('here').at(-1).speaker, false);
});

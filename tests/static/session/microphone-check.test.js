import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { get, set } from '../../../static/js/lib/preferences.js';
import { MicrophoneCheck } from '../../../static/js/session/microphone-check.js';
import { wantsTrial } from '../../../static/js/session/model.js';
import { settled, Visit } from '../support/visit.js';

beforeEach(() => set('checked', false));

/** A voice at the microphone. @param {Visit} visit @param {number} [hops] */
function speak({ devices }, hops = 60) {
  for (let hop = 0; hop < hops; hop += 1) devices.meter.watcher?.({ begins_s: hop / 100, rms: 0.1, peak: 0.3 });
}

/** @param {{waits?: boolean}} [options] */
async function checked(options = {}) {
  const visit = new Visit(options);
  visit.session.open();
  visit.welcome();
  await visit.serve();
  return { visit, check: new MicrophoneCheck(visit.session.speaking, () => visit.model) };
}

test('whoever tries the microphone sends nothing, and is no speaker of the room', async () => {
  const { visit, check } = await checked();
  await check.begin();
  speak(visit);
  await visit.serve();

  assert.equal(check.verdict, 'good');
  assert.deepEqual([visit.devices.peers.length, visit.devices.uploads.length], [0, 0]);
  assert.deepEqual(['here', 'speak.start', 'speak.stop'].flatMap((type) => visit.asked(type)), []);
});

test('a microphone that was tried is given back, and remembered as tried', async () => {
  const { visit, check } = await checked();
  await check.begin();
  await check.end({ passed: true });
  speak(visit);

  assert.deepEqual([visit.devices.microphone.state, get('checked'), check.verdict], ['closed', true, 'waiting']);
});

test('whoever comes in to play keeps the microphone, and speaks for the room from then on', async () => {
  const { visit, check } = await checked();
  await check.begin();
  await check.end({ passed: true, keeps: true });
  visit.session.join(true);
  await visit.serve();

  assert.equal(visit.devices.microphone.opened, 1);
  assert.equal(visit.asked('here').at(-1).speaker, true);
  assert.ok(visit.asked('here').every(({ speaker }) => speaker));
});

test('a check that ends while the dialog is open leaves no microphone open', async () => {
  const { visit, check } = await checked({ waits: true });
  const begun = check.begin();
  await settled();
  await check.end();
  visit.devices.microphone.allow();
  await begun;
  await settled();

  assert.equal(visit.devices.microphone.track, null);
});

test('a microphone that is refused is told, and can be tried again', async () => {
  const { visit, check } = await checked({ waits: true });
  const begun = check.begin();
  await settled();
  visit.devices.microphone.refuse();
  await assert.rejects(begun);
  assert.equal(visit.model.mic, 'refused');
  const again = check.begin();
  await settled();
  visit.devices.microphone.allow();
  await again;
  speak(visit);

  assert.equal(check.verdict, 'good');
});

test('another microphone is heard anew', async () => {
  const { visit, check } = await checked();
  await check.begin();
  speak(visit);
  await check.choose('the other one');

  assert.deepEqual([check.verdict, get('microphone'), visit.devices.microphone.opened], ['waiting', 'the other one', 2]);
  set('microphone', '');
});

test('no round begins for whoever still reads the dialog', async () => {
  const visit = await new Visit({ waits: true }).enter();
  visit.session.play(true);
  await visit.pass(10_000);
  assert.equal(visit.model.playing, true);
  assert.ok(visit.asked('here').every(({ speaker }) => !speaker));
  visit.devices.microphone.allow();
  await visit.pass(100);

  assert.equal(visit.asked('here').at(-1).speaker, true);
});

test('a speaker whose microphone is given back between takes stays one; one who is refused does not', async () => {
  const visit = await new Visit().enter(true);
  visit.devices.microphone.close();
  visit.session.pace(2);
  await visit.serve();
  assert.equal(visit.asked('here').at(-1).speaker, true);
  await visit.session.play(false);
  await visit.serve();

  assert.equal(visit.asked('here').at(-1).speaker, false);
});

test('another microphone is taken at once by whoever plays along, and never in the middle of a word', async () => {
  const visit = await new Visit().enter(true);
  const check = new MicrophoneCheck(visit.session.speaking, () => visit.model);
  await check.prefer('the other one');
  await visit.serve();
  assert.equal(visit.devices.microphone.opened, 2);
  await visit.talk('start');
  await check.prefer('a third one');
  await visit.serve();
  assert.equal(visit.devices.microphone.opened, 2);
  await visit.talk('stop');

  assert.equal(visit.takes.length, 1);
  set('microphone', '');
});

test('a microphone is chosen where none was asked for yet, and that asks nothing', async () => {
  const { visit, check } = await checked();
  await check.prefer('the other one');

  assert.deepEqual([get('microphone'), visit.devices.microphone], ['the other one', null]);
  set('microphone', '');
});

test('a microphone is to be tried by whoever never did, here or before', async () => {
  const { visit, check } = await checked();
  assert.equal(wantsTrial(visit.model), true);
  await check.begin();
  assert.equal(wantsTrial(visit.model), false, 'it is open');
  await check.end();
  assert.equal(wantsTrial(visit.model), false, 'it was allowed');
  const other = await checked();
  assert.equal(wantsTrial(other.visit.model), true);
  set('checked', true);

  assert.equal(wantsTrial(other.visit.model), false);
});

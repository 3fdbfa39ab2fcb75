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

test('words that name somebody who is hidden are not heard, nor is their file played', async () => {
  const visit = await new Visit({ query: 'rtc=off' }).enter();
  visit.session.hidden.add('bela', 'Bela');
  says(visit, { names: ['anna', 'bela'] });
  await visit.pass(100);
  assert.deepEqual([visit.player.hushed, visit.player.played], [true, []]);
  says(visit, { names: ['anna'], url: '/api/speech/def.ogg' });
  await visit.pass(100);
  assert.deepEqual([visit.player.hushed, visit.player.played], [false, ['/api/speech/def.ogg']]);
});

test('by files too, and what comes next is heard as a whole', async () => {
  const visit = await new Visit({ query: 'rtc=off' }).enter();
  visit.session.hidden.add('bela', 'Bela');
  let stopped = 0;
  const stop = visit.player.stop.bind(visit.player);
  visit.player.stop = () => (stop(), (stopped += 1));
  says(visit, { names: ['bela'], names_at_ms: 600 });
  await visit.pass(550);
  assert.deepEqual([visit.player.played, stopped], [['/api/speech/abc.ogg'], 1]); // as it began
  await visit.pass(60);
  assert.equal(stopped, 2);
  says(visit, { names: ['bela'], names_at_ms: 600 });
  await visit.pass(100);
  stop(); // a clip cuts it before the name
  says(visit, { names: ['anna'], url: '/api/speech/def.ogg' });
  await visit.pass(2_000);
  assert.deepEqual([visit.player.played.at(-1), stopped], ['/api/speech/def.ogg', 4]);
});

test('by the radio words before the name of somebody who is hidden are heard', async () => {
  const visit = await new Visit().enter();
  visit.session.hidden.add('bela', 'Bela');
  says(visit, { names: ['bela'], names_at_ms: 600 });
  const heard = [];
  for (const ms of [5, 590, 20, 280, 250]) {
    await visit.pass(ms);
    heard.push(!visit.player.hushed);
  }
  assert.deepEqual(heard, [true, true, false, false, false]);
});

test('the room is told whether they are wanted, at once', async () => {
  const visit = await new Visit().enter();
  assert.equal(visit.asked('here').at(-1)?.voice, true);
  set('spoken', false);
  await visit.serve();
  assert.equal(visit.asked('here').at(-1)?.voice, false);
});

test('in a room that speaks one plays as soon as one hears it, or soon after', async () => {
  const speakers = (/** @type {Visit} */ visit) => visit.asked('here').map(({ speaker }) => speaker);
  for (const voice of [true, false]) {
    const visit = await new Visit({ room: { voice } }).enter(true);
    await visit.pass(300);
    assert.equal(speakers(visit).at(-1), !voice);
    const peer = /** @type {any} */ ({ close() {} });
    visit.radios[0].resolve(peer);
    await visit.pass(10);
    assert.equal(speakers(visit).at(-1), true);
    peer.lost(); // later nobody drops out of a round for it
    visit.session.presence.send();
    await visit.pass(10);
    assert.deepEqual([visit.model.hearing, speakers(visit).at(-1)], ['connecting', true]);
  }
  const late = await new Visit({ room: { voice: true } }).enter(true);
  await late.pass(1_400);
  assert.equal(speakers(late).at(-1), false);
  await late.pass(200);
  assert.equal(speakers(late).at(-1), true);
});

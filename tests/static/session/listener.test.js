import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Unreachable } from '../../../static/js/wire/rtc.js';
import { FakePeer } from '../support/devices.js';
import { page, settled, Visit } from '../support/visit.js';

/** A peer of the radio; tells whether it was closed. */
const peer = () => /** @type {any} */ (new FakePeer('radio', null, () => {}));

/** @param {number} ms @param {string} clip @param {number} [duration_ms] */
const cue = (ms, clip, duration_ms = 1_000) => ({ clip, starts_at_ms: ms, duration_ms });

/** A page that has come in and asked for the radio once. @param {string} [query] */
const listening = (query) => new Visit({ query }).enter();

/** The newest attempt at the radio comes through. @param {Visit} visit @param {any} [stream] */
async function through(visit, stream = 'sound') {
  const radio = visit.radios.at(-1);
  const made = peer();
  radio.heard(stream);
  radio.resolve(made);
  await settled();
  return made;
}

/** It does not. @param {Visit} visit @param {Error} [why] */
async function fails(visit, why = new Error('busy')) {
  visit.radios.at(-1).reject(why);
  await settled();
}

test('coming in asks for the radio, and tells the room once it is heard', async () => {
  const visit = await listening();
  assert.deepEqual([visit.model.hearing, visit.radios.length], ['connecting', 1]);
  await through(visit);
  await visit.serve();

  assert.deepEqual([visit.model.hearing, visit.player.stream], ['radio', 'sound']);
  assert.deepEqual(visit.asked('here').map(({ listening: by }) => by), ['off', 'radio']);
});

test('sound that is switched off while it connects stays off, and the peer is closed', async () => {
  const visit = await listening();
  visit.session.sound(false);
  const made = await through(visit);

  assert.deepEqual([visit.model.hearing, visit.player.stream, made.isClosed], ['off', null, true]);
});

test('off and on again while it connects makes one peer, the newer', async () => {
  const visit = await listening();
  visit.session.sound(false);
  visit.session.sound(true);
  assert.equal(visit.radios.length, 2);
  const newer = await through(visit, 'new');
  const old = peer();
  visit.radios[0].resolve(old);
  await settled();

  assert.deepEqual([visit.model.hearing, visit.player.stream, newer.isClosed, old.isClosed], ['radio', 'new', false, true]);
});

test('switching on twice asks once', async () => {
  const visit = await listening();
  visit.session.sound(true);
  visit.session.sound(true);

  assert.equal(visit.radios.length, 1);
});

test('a radio that is lost is asked for again', async () => {
  const visit = await listening();
  const made = await through(visit);
  made.lost();
  await settled();
  assert.deepEqual([visit.model.hearing, visit.radios.length], ['connecting', 2]);
  await through(visit, 'again');

  assert.deepEqual([visit.model.hearing, visit.player.stream], ['radio', 'again']);
});

test('a radio that fails is tried three times, then files take over and it is hoped for', async () => {
  const visit = await listening();
  for (let tried = 1; tried <= 3; tried += 1) {
    assert.equal(visit.radios.length, tried);
    await fails(visit);
    if (tried < 3) await visit.pass(2_000);
  }
  assert.deepEqual([visit.model.hearing, visit.notices], ['files', []]);
  await visit.pass(5_100);
  assert.equal(visit.radios.length, 4);
  await through(visit);

  assert.equal(visit.model.hearing, 'radio');
});

test('a network that blocks live sound is told of at once, and takes go as files too until it lets it through', async () => {
  const visit = await listening();
  await fails(visit, new Unreachable('no path'));
  assert.deepEqual([visit.model.hearing, visit.model.path, visit.notices], ['files', 'files', ['udp-blocked']]);
  await visit.talk('start');
  assert.equal(visit.asked('speak.start')[0].peer, '');
  await visit.talk('stop');
  await visit.pass(5_100);
  await through(visit);

  assert.deepEqual([visit.model.hearing, visit.model.path, visit.notices], ['radio', 'webrtc', []]);
  await visit.talk('start');
  assert.equal(visit.asked('speak.start')[1].peer, 'peer-1');
});

test('after two more tries the radio is tried once a minute, when the page is seen and nobody speaks', async () => {
  const visit = await listening();
  await fails(visit, new Unreachable('no path'));
  for (const ms of [5_100, 30_100]) {
    await visit.pass(ms);
    await fails(visit, new Unreachable('no path'));
  }
  assert.equal(visit.radios.length, 3);
  await visit.pass(62_000);
  assert.equal(visit.radios.length, 3, 'nobody sees the page');
  page.hidden = false;
  visit.signal('speaking', { voice: 'bela', on: true });
  await visit.pass(10_000);
  assert.equal(visit.radios.length, 3, 'somebody speaks');
  visit.signal('speaking', { voice: 'bela', on: false });
  await visit.pass(2_100);
  assert.deepEqual([visit.radios.length, visit.model.hearing], [4, 'files']);
  await fails(visit, new Unreachable('no path'));
  await visit.pass(59_000);
  assert.equal(visit.radios.length, 4);
  await visit.pass(1_100);
  assert.equal(visit.radios.length, 5);
  page.hidden = true;
  visit.signal('cue', cue(visit.server_ms, 'a', 900));
  await visit.pass(100);
  await through(visit);
  visit.player.stop(); // the file was heard to its end
  await visit.pass(100);

  assert.deepEqual([visit.model.hearing, visit.player.played, visit.player.stream, visit.notices], ['radio', ['/api/clips/a.ogg'], 'sound', []]);
});

test('while it waits to try again, a network that is back is tried at once', async () => {
  const visit = await listening();
  await fails(visit);
  assert.equal(visit.radios.length, 1);
  visit.session.listener.reconnect();

  assert.equal(visit.radios.length, 2);
  await through(visit);
  await visit.pass(3_000);
  assert.equal(visit.radios.length, 2); // and not once more by the timer
});

test('a page that was back for long asks for the radio, one that is switched off does not', async () => {
  const visit = await listening();
  const made = await through(visit);
  made.isUp = false;
  visit.session.listener.reconnect();
  assert.equal(visit.radios.length, 2);
  visit.session.sound(false);
  visit.session.listener.reconnect();

  assert.equal(visit.radios.length, 2);
});

test('a peer that came back by itself is not given up for an attempt that failed', async () => {
  const visit = await listening();
  const made = await through(visit);
  made.isUp = false;
  visit.session.listener.reconnect();
  made.isUp = true;
  await fails(visit, new Unreachable('no path'));

  assert.deepEqual([visit.model.hearing, visit.player.stream, visit.notices], ['radio', 'sound', []]);
});

test('cues play as files, in their order and at their time', async () => {
  const visit = await listening('rtc=off');
  visit.signal('cue', cue(1_000, 'a'));
  await visit.pass(900);
  assert.deepEqual(visit.player.played, []);
  await visit.pass(200);
  assert.deepEqual(visit.player.played, ['/api/clips/a.ogg']);
  visit.signal('cue', cue(2_500, 'b'));
  visit.player.stop();
  await visit.pass(1_500);

  assert.deepEqual(visit.player.played, ['/api/clips/a.ogg', '/api/clips/b.ogg']);
});

test('a clip that takes long lets go of those that were to begin meanwhile, but for the newest', async () => {
  const visit = await listening('rtc=off');
  visit.signal('cue', cue(0, 'a'));
  await visit.pass(100);
  for (const clip of ['b', 'c']) visit.signal('cue', cue(500, clip));
  await visit.pass(1_000);
  visit.player.stop();
  await visit.pass(100);

  assert.deepEqual(visit.player.played, ['/api/clips/a.ogg', '/api/clips/c.ogg']);
});

test('a cue that is old is let go, and so is one of a voice that is hidden', async () => {
  const visit = await listening('rtc=off');
  await visit.pass(20_000);
  visit.signal('cue', cue(1_000, 'old'));
  visit.event('clip.landed', { clip: 'mean', duration_ms: 500 }, { id: 'bela', name: 'B', colour: '' });
  visit.session.hidden.add('bela');
  visit.signal('cue', cue(20_000, 'mean'));
  await visit.pass(500);

  assert.deepEqual(visit.player.played, []);
});

test('sound that is switched off before its cue is silent', async () => {
  const visit = await listening('rtc=off');
  visit.signal('cue', cue(1_000, 'a'));
  await visit.pass(500);
  visit.session.sound(false);
  await visit.pass(2_000);

  assert.deepEqual([visit.player.played, visit.model.hearing], [[], 'off']);
});

test('with the radio a cue plays no file', async () => {
  const visit = await listening();
  await through(visit);
  visit.signal('cue', cue(100, 'a'));
  await visit.pass(500);

  assert.deepEqual(visit.player.played, []);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clipUrl, Player } from '../../../static/js/audio/player.js';
import { set } from '../../../static/js/lib/preferences.js';
import { settled } from '../support/visit.js';

/** An audio element without a sound. */
class FakeAudio extends EventTarget {
  /** @type {any} */ srcObject = null;
  src = '';
  volume = 1;
  paused = true;
  currentTime = 0;
  duration = NaN;
  plays = 0;
  /** @type {Error|null} */ held = null;

  async play() {
    this.plays += 1;
    if (this.held) throw this.held;
    this.paused = false;
  }

  pause() {
    this.paused = true;
  }

  removeAttribute() {
    this.src = '';
  }

  ends() {
    this.dispatchEvent(new Event('ended'));
  }
}

/** @param {ConstructorParameters<typeof Player>[1]} [observer] */
function playing(observer) {
  const audio = new FakeAudio();
  return { audio, player: new Player(/** @type {any} */ (audio), observer) };
}

test('a clip takes the place of the radio until it ends', async () => {
  const { audio, player } = playing();
  player.live(/** @type {any} */ ('radio'));
  assert.equal(audio.srcObject, 'radio');
  const over = player.clip('/a.ogg');
  assert.deepEqual([audio.srcObject, audio.src], [null, '/a.ogg']);
  audio.ends();
  await over;

  assert.deepEqual([audio.srcObject, audio.src, audio.paused], ['radio', '', false]);
});

test('a radio that comes while a clip plays is heard after it', async () => {
  const { audio, player } = playing();
  const over = player.clip('/a.ogg');
  player.live(/** @type {any} */ ('radio'));
  assert.deepEqual([audio.srcObject, audio.src], [null, '/a.ogg']);
  player.stop();
  await over;

  assert.equal(audio.srcObject, 'radio');
});

test('a second clip ends the first, and its own end is its own', async () => {
  const { audio, player } = playing();
  /** @type {string[]} */
  const ended = [];
  player.clip('/a.ogg').then(() => ended.push('a'));
  player.clip('/b.ogg').then(() => ended.push('b'));
  await settled();
  assert.deepEqual([ended, audio.src], [['a'], '/b.ogg']);
  audio.ends();
  await settled();

  assert.deepEqual(ended, ['a', 'b']);
});

test('a clip that cannot be played is over, and stopping twice is harmless', async () => {
  const { audio, player } = playing();
  const over = player.clip('/gone.ogg');
  audio.dispatchEvent(new Event('error'));
  await over;
  player.stop();
  player.stop();

  assert.equal(audio.paused, true);
});

test('a browser that holds the sound back is told of, and when it lets it go', async () => {
  /** @type {string[]} */
  const told = [];
  const { audio, player } = playing({ blocked: () => told.push('blocked'), playing: () => told.push('playing') });
  audio.held = new DOMException('gesture', 'NotAllowedError');
  await player.unlock();
  audio.held = null;
  await player.unlock();

  assert.deepEqual(told, ['blocked', 'playing']);
});

test('a sound that a phone call stopped goes on, silence stays silent', async () => {
  const { audio, player } = playing();
  player.wake();
  assert.equal(audio.plays, 0);
  player.live(/** @type {any} */ ('radio'));
  audio.paused = true;
  player.wake();
  await settled();

  assert.equal(audio.paused, false);
});

test('how far a clip is, and how loud the sound is while one speaks', () => {
  const { audio, player } = playing();
  assert.equal(player.part, 0);
  player.clip('/a.ogg');
  Object.assign(audio, { currentTime: 1, duration: 4 });
  assert.equal(player.part, 0.25);
  player.duck(true);
  assert.ok(audio.volume < 0.2);
  player.duck(false);
  assert.equal(audio.volume, 1);
});

test('a clip is fetched in the form that the browser plays', () => {
  assert.equal(clipUrl('a b', { canPlayType: () => 'maybe' }), '/api/clips/a%20b.ogg');
  assert.equal(clipUrl('c', { canPlayType: () => '' }), '/api/clips/c.m4a');
});

test('the volume is as it was set, less while one speaks, and follows when it is set anew', () => {
  const { audio, player } = playing();
  set('volume', 0.5);
  assert.equal(audio.volume, 0.5);
  player.duck(true);
  assert.ok(audio.volume < 0.1, String(audio.volume));
  set('volume', 1);
  assert.ok(audio.volume < 0.2);
  player.duck(false);

  assert.equal(audio.volume, 1);
});

test('a hushed stream is silent, and a file that was asked for is heard', async () => {
  const { audio, player } = playing();
  player.live(/** @type {any} */ ('radio'));
  player.hush(true);
  assert.equal(/** @type {any} */ (audio).muted, true);
  const over = player.clip('/a.ogg');
  assert.equal(/** @type {any} */ (audio).muted, false);
  audio.ends();
  await over;
  assert.equal(/** @type {any} */ (audio).muted, true);
  player.hush(false);

  assert.equal(/** @type {any} */ (audio).muted, false);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Player } from '../../static/js/audio/player.js';

/** An audio element of which the test says what becomes of its file. */
class Audio extends EventTarget {
  paused = false;
  srcObject = null;
  src = '';
  play() {}
  pause() {}
  removeAttribute() {
    this.src = '';
  }
}

function playing() {
  const audio = new Audio();
  /** @type {string[]} */
  const told = [];
  const player = new Player(/** @type {any} */ (audio), { failed: () => told.push('failed') });
  return { audio, player, told };
}

test('a file that cannot be played is told, and over', async () => {
  const { audio, player, told } = playing();
  const over = player.clip('/api/clips/damaged.ogg');
  audio.dispatchEvent(new Event('error'));
  await over;
  assert.deepEqual(told, ['failed']);
});

test('a file that was heard to its end has not failed', async () => {
  const { audio, player, told } = playing();
  const over = player.clip('/api/clips/whole.ogg');
  audio.dispatchEvent(new Event('ended'));
  audio.dispatchEvent(new Event('error'));
  await over;
  assert.deepEqual(told, []);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Listener } from '../../static/js/session/listener.js';

const clock = /** @type {any} */ ({ until_ms: (/** @type {number} */ at_ms) => at_ms });
const observer = { became() {}, fellBack() {}, recovered() {} };

/** A player that plays until it is stopped. */
function deck() {
  /** @type {string[]} */ const played = [];
  let done = () => {};
  return {
    played,
    audio: /** @type {any} */ ({ canPlayType: () => 'maybe' }),
    live() {},
    stop: () => done(),
    clip: (/** @type {string} */ url) => (played.push(url), new Promise((resolve) => (done = () => resolve(undefined)))),
  };
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 5));

test('files that play are cut with the radio, and what waits then is not begun', async () => {
  const player = deck();
  const listener = new Listener({ room: 'r', files: true, player: /** @type {any} */ (player), clock, observer });
  listener.on();
  listener.cue({ clip: 'older', starts_at_ms: 0, duration_ms: 5_000 });
  await turn();
  listener.cue({ clip: 'waits', starts_at_ms: 0, duration_ms: 5_000 });

  listener.cut({ clip: 'waits' });
  await turn();
  assert.deepEqual(player.played.map((url) => url.split('/').at(-1)?.split('.')[0]), ['older']);

  listener.cue({ clip: 'next', starts_at_ms: 0, duration_ms: 20 });
  await turn();
  assert.equal(player.played.length, 2);
});

test('what the room says is a file as well, in a form that the browser plays, and is cut by its address', async () => {
  const player = deck();
  const listener = new Listener({ room: 'r', files: true, player: /** @type {any} */ (player), clock, observer });
  const said = /** @type {any} */ ({ kind: 'speech', url: '/api/speech/abc.ogg', starts_at_ms: 0, duration_ms: 900 });
  listener.on();
  listener.cue(said);
  await turn();
  player.audio.canPlayType = () => '';
  listener.cut({ url: said.url });
  await turn();
  listener.cue({ ...said, url: '/api/speech/def.ogg' });
  await turn();
  listener.cue({ ...said, url: '/api/speech/ghi.ogg' });
  listener.cut({ url: '/api/speech/ghi.ogg' });
  await turn();

  assert.deepEqual(player.played, ['/api/speech/abc.ogg', '/api/speech/def.m4a']);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { typeFor } from '../../static/js/audio/recorder.js';
import { Clock } from '../../static/js/room/clock.js';
import { geohash } from '../../static/js/lib/geohash.js';
import { Onset } from '../../static/js/room/onset.js';
import { foldPresence, NOBODY, othersRead, reads } from '../../static/js/room/presence.js';
import { click, down, follow, HOLD_MS, UP, up } from '../../static/js/room/press.js';
import { freshId, messagesIn, problemOf } from '../../static/js/wire/protocol.js';

test('the clock believes the quickest answer', () => {
  let now = 1_000;
  const clock = new Clock(() => now);
  clock.hint(50_900);
  assert.equal(clock.server_ms, 50_900);

  now = 1_020;
  clock.pong(1_000, 51_010); // 20 ms round trip: the server was at 51 010 when we were at 1 010
  now = 2_400;
  clock.pong(2_000, 52_399); // 400 ms: worse
  assert.equal(clock.offset_ms, 50_000);
  assert.equal(clock.until_ms(53_400), 1_000);
});

test('a clock that leapt is believed at once, and what was measured before is not', () => {
  let now = 1_000;
  const clock = new Clock(() => now);
  now = 1_020;
  clock.pong(1_000, 51_010);

  now = 2_400; // the machine slept for an hour, and its clock with it
  clock.pong(2_000, 3_652_200);

  assert.equal(clock.offset_ms, 3_650_000);
});

test('a hold ends with letting go, a tap with the next tap', () => {
  const held = down(UP, 0);
  assert.equal(held.command, 'start');
  assert.equal(up(held.press, HOLD_MS).command, 'stop');

  const tapped = up(down(UP, 0).press, 100);
  assert.deepEqual([tapped.command, tapped.press.latched], [null, true]);
  const ended = down(tapped.press, 2_000);
  assert.equal(ended.command, 'stop');
  assert.deepEqual(up(ended.press, 2_050), { press: { ...UP }, command: null });
});

test('a key that repeats presses once', () => {
  const first = down(UP, 0);

  assert.equal(down(first.press, 30).command, null);
});

test('a click without a pointer switches on and off', () => {
  const on = click(UP);

  assert.equal(on.command, 'start');
  assert.equal(click(on.press).command, 'stop');
});

test('a take that ended by itself lets the next press start', () => {
  const tapped = up(down(UP, 0).press, 100).press;

  assert.equal(down(follow(tapped, false), 9_000).command, 'start');
});

test('a hold cut by the limit does nothing when let go', () => {
  const held = follow(down(UP, 0).press, false);

  assert.equal(up(held, 8_000).command, null);
});

test('who wants large words or has no sound reads along', () => {
  assert.deepEqual(['large', 'on', 'off'].map((captions) => reads('radio', captions)), [true, false, false]);
  assert.deepEqual(['large', 'on', 'off'].map((captions) => reads('off', captions)), [true, true, false]);
});

test('nobody is told that they read along themselves', () => {
  const told = [0, 1, 2].map((readers) => [othersRead({ readers }, false), othersRead({ readers }, true)]);

  assert.deepEqual(told, [[false, false], [true, false], [true, true]]);
});

test('presence folds who came, who went and who speaks', () => {
  const voice = { id: 'v', name: 'Calm Teapot', colour: '#fff' };
  const here = foldPresence(NOBODY, 'presence', { voices: [voice], gone: [], listeners: 3, speakers: 1 });
  const loud = foldPresence(here, 'speaking', { voice: 'v', on: true });
  const gone = foldPresence(loud, 'presence', { voices: [], gone: ['v'], listeners: 2, speakers: 0 });

  assert.deepEqual([here.voices.size, here.listeners, loud.speaking.has('v')], [1, 3, true]);
  assert.deepEqual([gone.voices.size, gone.speaking.size, gone.listeners], [0, 0, 2]);
  assert.equal(foldPresence(gone, 'weather', {}), gone);
  assert.deepEqual([here.readers, foldPresence(here, 'presence', { readers: 2 }).readers], [0, 2]);
});

test('onset is where speech rises out of the room, not where a click was', () => {
  const onset = new Onset();
  const hops = Array.from({ length: 200 }, (_, at) => {
    const loud = at >= 120 || at === 40;
    return { begins_s: at / 100, rms: loud ? 0.1 : 0.001 };
  });

  for (const hop of hops) onset.hear(hop);

  assert.equal(onset.at_s, 1.2);
  onset.rearm();
  assert.equal(onset.at_s, null);
});

test('a place is known roughly', () => {
  assert.equal(geohash(57.64911, 10.40744, 5), 'u4pru');
  assert.equal(geohash(52.52, 13.405), 'u33d');
});

test('Safari records MP4, the others WebM', () => {
  assert.match(String(typeFor(true, () => true)), /^audio\/mp4/);
  assert.match(String(typeFor(false, () => true)), /^audio\/webm/);
  assert.match(String(typeFor(true, (type) => type.includes('webm'))), /^audio\/webm/);
  assert.equal(typeFor(false, () => false), undefined);
});

test('a frame holds one message or many, and garbage none', () => {
  assert.equal(messagesIn('{"type":"pong"}').length, 1);
  assert.equal(messagesIn('[{"type":"pong"},{"type":"ack"}]').length, 2);
  assert.equal(messagesIn('nonsense').length, 0);
  assert.equal(messagesIn(new ArrayBuffer(3)).length, 0);
  assert.notEqual(freshId(), freshId());
});

test('a problem of HTTP becomes a refusal with its code and its wait', async () => {
  const body = JSON.stringify({ code: 'silent', detail: 'We heard nothing.' });
  const why = await problemOf(new Response(body, { status: 422, headers: { 'Retry-After': '2' } }));

  assert.deepEqual([why.code, why.message, why.retryAfterMs], ['silent', 'We heard nothing.', 2_000]);
  assert.equal((await problemOf(new Response('oops', { status: 500 }))).code, 'http_500');
});

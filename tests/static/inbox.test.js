import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Clock } from '../../static/js/room/clock.js';
import { OVER_MS } from '../../static/js/room/round.js';
import { Inbox } from '../../static/js/stage/inbox.js';
import { BLANK } from '../../static/js/stage/model.js';

const anna = { id: 'anna', name: 'Calm Teapot', colour: '#aabbcc' };
const TURN = { round: 'r', turn: 1, prompt: 'Moss?', go_at_ms: 3_000, closes_at_ms: 8_000, voice: null };
const ROOM = { kind: 'wonder', name: 'X', theme: '', description: '', language: 'en', tempo: 'snap', round: null };
let now_ms = 0;
let seq = 0;

/** An inbox whose session keeps the model, and tells when its speaker's take was ended. */
function inbox() {
  Object.assign(globalThis, { location: new URL('http://here/r/x') });
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  now_ms = seq = 0;
  /** @type {string[]} */
  const told = [];
  const session = /** @type {any} */ ({
    id: 'x',
    model: BLANK,
    clock: new Clock(() => now_ms),
    turns: { plan() {} },
    speaker: { peer: 'mine', ended: () => told.push('ended') },
    settle() {},
    endPreview: (/** @type {string} */ clip) => clip && told.push(`kept ${clip}`),
    set(/** @type {any} */ changes) {
      session.model = { ...session.model, ...changes };
      if ('phase' in changes) told.push(`${changes.phase} ${changes.mine ? 'mine ' : ''}${now_ms}`);
    },
  });
  const box = (session.inbox = new Inbox(session));
  box.welcome(/** @type {any} */ ({ room: ROOM, you: anna, server_ms: 0 }));
  const hear = (/** @type {string} */ kind, /** @type {any} */ data) => box.events([{ type: 'event', seq: (seq += 1), prev: seq - 1, at_ms: now_ms, by: anna, kind, data }]);
  const pass = (/** @type {number} */ to_ms) => {
    while (now_ms < to_ms) mock.timers.tick(((now_ms += 50), 50));
  };
  return { box, session, told, hear, pass };
}

test('the model knows where a round stands, and no view has to be drawn for it', () => {
  const { told, hear, pass } = inbox();
  hear('round.opened', { round: 'r', game: 'g', tempo: 'snap', prompt: null, players: [] });
  hear('turn.given', TURN);
  pass(9_000);
  hear('round.closed', { round: 'r', reason: 'done' });
  pass(60_000);

  assert.deepEqual(told, ['waiting 0', 'count-in mine 0', 'window mine 3000', 'over mine 8000', 'over 9000', `idle ${8_000 + OVER_MS}`]);
});

test('a word that landed is not to be said again, a slower pace has a longer window, a clock may be set', () => {
  const { box, session, told, hear, pass } = inbox();
  hear('round.opened', { round: 'r', game: 'g', tempo: 'snap', prompt: null, players: [] });
  hear('turn.given', TURN);
  pass(4_000);
  session.model = { ...session.model, playing: true, pace: 2 };
  box.plan();
  pass(10_000);
  hear('clip.landed', { clip: 'c', round: 'r', turn: 1, duration_ms: 500 });
  assert.deepEqual(told.slice(2), ['window mine 3000', 'over 10000']);

  hear('turn.given', { ...TURN, turn: 2, go_at_ms: 20_000, closes_at_ms: 25_000 });
  box.pong(now_ms, 20_500); // the quickest answer so far: the server's clock is far ahead
  assert.deepEqual(told.slice(4), ['count-in mine 10000', 'window mine 10000']);
});

for (const state of ['cut', 'landed', 'refused']) {
  test(`a take that is ${state} frees the button of its own tab alone`, () => {
    const { box, told } = inbox();
    for (const peer of ['theirs', '', 'mine']) {
      box.signal({ type: 'signal', kind: 'take', data: { peer, state } });
      assert.deepEqual(told, peer === 'mine' ? ['ended'] : [], peer);
    }
  });
}

test('a take that was kept in another tab waits no more here', () => {
  const { box, told } = inbox();

  box.signal({ type: 'signal', kind: 'take', data: { peer: '', state: 'landed', clip: 'c' } });

  assert.deepEqual(told, ['kept c']);
});

test('an upload of another tab does not end a take that is recorded here', () => {
  const { box, session, told } = inbox();
  session.speaker.peer = ''; // as files go

  box.signal({ type: 'signal', kind: 'take', data: { peer: '', state: 'landed' } });
  box.signal({ type: 'signal', kind: 'take', data: { peer: 'theirs', state: 'landed' } });

  assert.deepEqual(told, []);
});

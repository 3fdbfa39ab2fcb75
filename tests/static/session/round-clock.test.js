import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENDING_MS } from '../../../static/js/room/round.js';
import { limitOf } from '../../../static/js/session/model.js';
import { Visit } from '../support/visit.js';

const OPENED = { round: 'r', game: 'g', tempo: 'snap', prompt: null, players: [] };
const TURN = { round: 'r', turn: 1, prompt: 'Moss?', go_at_ms: 3_000, closes_at_ms: 8_000, voice: null };

/** A visit that tells of each change of the phase, and when it came. @param {{offset_ms?: number}} [options] */
async function watched(options) {
  const visit = await new Visit(options).enter();
  /** @type {string[]} */
  const told = [];
  const write = visit.session.round.set;
  visit.session.round.set = (changes) => {
    told.push(`${changes.phase} ${changes.mine ? 'mine ' : ''}${visit.now_ms}`);
    write(changes);
  };
  return { visit, told };
}

test('the model knows where a round stands, and no view has to be drawn for it', async () => {
  const { visit, told } = await watched();
  visit.event('round.opened', OPENED);
  visit.event('turn.given', TURN);
  await visit.pass(9_000);
  visit.event('round.closed', { round: 'r', reason: 'done' });
  await visit.pass(8_000);

  assert.deepEqual(told, ['waiting 0', 'count-in mine 0', 'window mine 3000', 'over mine 8000', 'over 9000', `idle ${9_000 + ENDING_MS}`]);
});

test('the count-in is by the clock of the server, however far the page is off', async () => {
  const { visit, told } = await watched({ offset_ms: 1_000_000 });
  visit.event('round.opened', OPENED);
  visit.event('turn.given', { ...TURN, go_at_ms: 1_003_000, closes_at_ms: 1_008_000 });
  await visit.pass(8_000);

  assert.deepEqual(told, ['waiting 0', 'count-in mine 0', 'window mine 3000', 'over mine 8000']);
});

test('a clock that was found to be wrong changes where the round stands', async () => {
  const { visit, told } = await watched();
  visit.event('round.opened', OPENED);
  visit.event('turn.given', { ...TURN, go_at_ms: 20_000, closes_at_ms: 25_000 });
  await visit.pass(1_000);
  visit.offset_ms = 20_500;
  visit.session.socket.ping();
  await visit.serve();

  assert.deepEqual(told.slice(1), ['count-in mine 0', 'window mine 1000']);
});

test('who had the turn is not asked again, and a slower pace has a longer window', async () => {
  const { visit, told } = await watched();
  visit.session.play(true);
  visit.session.pace(2);
  visit.event('round.opened', OPENED);
  visit.event('turn.given', TURN);
  await visit.pass(10_000);
  visit.event('clip.landed', { clip: 'c', round: 'r', turn: 1, duration_ms: 500 });

  assert.deepEqual(told.slice(2), ['window mine 3000', 'over 10000']);
});

/** How long the page lets a take be. @param {number} longest_clip_ms @param {number} pace @param {number} [limit_ms] @param {boolean} [playing] */
function limit(longest_clip_ms, pace, limit_ms, playing = false) {
  return limitOf(/** @type {any} */ ({ room: { longest_clip_ms }, pace, playing }), limit_ms === undefined ? null : /** @type {any} */ ({ limit_ms }));
}

test('a take has the time of its room, and twice that for who needs it: half a minute in slow rooms', () => {
  assert.equal(limit(7_000, 1), 7_000);
  assert.equal(limit(10_000, 2), 20_000);
  assert.equal(limit(15_000, 2), 30_000);
});

test('a turn has its own time', () => {
  assert.equal(limit(7_000, 2, 15_000), 30_000);
  assert.equal(limit(7_000, 1.5, 0), 10_500);
});

test('a take has the same time whether one plays along or not, as the server grants it', () => {
  assert.equal(limit(15_000, 2, undefined, true), 30_000);
  assert.equal(limit(7_000, 2, 4_000, true), limit(7_000, 2, 4_000, false));
});

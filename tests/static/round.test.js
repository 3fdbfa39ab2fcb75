import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDrawnIn, isFor } from '../../static/js/room/play.js';
import { closesAt, hasCard, statusOf, stayedSilent, OVER_MS, reactionOf } from '../../static/js/room/round.js';
import { EMPTY } from '../../static/js/room/state.js';
import { ANNA, ended, running, take } from './support/stage.js';

/** @param {Partial<import('../../static/js/wire/protocol.js').Turn>} turn @param {string} [tempo] @returns {any} */
function playing(turn = {}, tempo = 'snap') {
  const full = { round: 'r', turn: 1, prompt: 'Moss?', go_at_ms: 10_000, closes_at_ms: 15_000, voice: null, ...turn };
  const round = { id: 'r', game: 'first_thing', tempo, opened_at_ms: 7_000, prompt: null, players: [], turns: [full], takes: [], votes: [], verdicts: [] };
  return { ...EMPTY, round };
}

test('the count-in goes 3, 2, 1 by the server clock', () => {
  const counts = [8_200, 8_799, 8_800, 9_399, 9_400, 9_999].map((now) => statusOf(playing(), 'me', now).count);
  const slow = [7_000, 8_000, 9_001].map((now) => statusOf(playing({}, 'slow'), 'me', now).count);

  assert.deepEqual(counts, [3, 3, 2, 2, 1, 1]);
  assert.deepEqual(slow, [3, 2, 1]);
});

test('nothing is counted while the radio still speaks', () => {
  const counts = [0, 7_800, 8_000].map((now) => statusOf(playing(), 'me', now).count);
  assert.deepEqual(counts, [0, 0, 3]);
});

test('a snap prompt is shown with "go", a slow one in the count-in', () => {
  assert.equal(statusOf(playing(), 'me', 8_000).shown, false);
  assert.equal(statusOf(playing(), 'me', 10_000).shown, true);
  assert.equal(statusOf(playing({}, 'slow'), 'me', 8_000).shown, true);
});

test('the window runs from go to its close', () => {
  const { phase, part, left_ms } = statusOf(playing(), 'me', 12_500);

  assert.deepEqual({ phase, part, left_ms }, { phase: 'window', part: 0.5, left_ms: 2_500 });
  assert.equal(statusOf(playing(), 'me', 15_000).phase, 'over');
});

test('the window is longer for who takes more time, in their own turns alone', () => {
  const mine = statusOf(playing(), 'me', 17_500, 2);

  assert.deepEqual([mine.phase, mine.part, mine.left_ms], ['window', 0.75, 2_500]);
  assert.equal(statusOf(playing({ voice: 'other' }), 'me', 15_000, 2).phase, 'over');
  assert.equal(closesAt(playing().round.turns[0], 1.5), 17_500);
});

test('a turn of another voice is not mine', () => {
  assert.equal(statusOf(playing({ voice: 'other' }), 'me', 12_000).mine, false);
  assert.equal(statusOf(playing({ voice: 'me' }), 'me', 12_000).mine, true);
  assert.equal(statusOf(playing({ voice: null }), 'me', 12_000).mine, true);
});

test('the end of a round is told for a while, then the room rests with its last words', () => {
  const { round } = playing();
  const state = { ...EMPTY, last_round: round };

  assert.equal(statusOf(state, 'me', 15_000 + OVER_MS - 1).phase, 'over');
  const rest = statusOf(state, 'me', 15_000 + OVER_MS);
  assert.deepEqual([rest.phase, rest.prompt], ['idle', 'Moss?']);
});

test('who has had the turn hears the others', () => {
  const state = playing();
  const takes = [{ clip: 'c', voice: 'me', turn: 1 }];

  assert.equal(statusOf({ ...state, round: { ...state.round, takes } }, 'me', 12_000).mine, false);
  assert.equal(statusOf({ ...state, round: { ...state.round, takes } }, 'other', 12_000).mine, true);
});

test('things that come one after the other share the window', () => {
  const steps = ['moss', 'spoon', 'kite', 'drum', 'rope'];
  const at = (/** @type {number} */ now_ms) => statusOf(playing({ steps }), 'me', now_ms).step;

  assert.deepEqual([9_999, 10_000, 10_999, 11_000, 14_999, 15_000].map(at), ['', 'moss', 'moss', 'spoon', 'rope', '']);
});

test('a round without a turn yet waits', () => {
  const { round } = playing();

  assert.equal(statusOf({ ...EMPTY, round: { ...round, turns: [] } }, 'me', 0).phase, 'waiting');
});

test('only the own reaction is found', () => {
  const take = { clip: 'c', turn: 1, duration_ms: 1, onset_ms: 1, gap_ms: 1 };
  const takes = [{ ...take, voice: 'other', reaction_ms: null }, { ...take, voice: 'me', reaction_ms: 640 }];

  assert.equal(reactionOf({ ...playing().round, takes }, 'me'), 640);
  assert.equal(reactionOf({ ...playing().round, takes }, 'other'), null);
  assert.equal(reactionOf(null, 'me'), null);
});

test('a turn is for those it names, and never for ears alone', () => {
  /** @param {object} more @returns {any} */
  const turn = (more) => ({ round: 'r', turn: 1, prompt: '', go_at_ms: 0, closes_at_ms: 1, voice: null, ...more });

  assert.equal(isFor(turn({ act: 'speak', voices: [] }), 'me'), true);
  assert.equal(isFor(turn({ act: 'guess', voices: ['me', 'you'] }), 'me'), true);
  assert.equal(isFor(turn({ voices: ['you'] }), 'me'), false);
  assert.equal(isFor(turn({ besides: 'me' }), 'me'), false);
  assert.equal(isFor(turn({ act: 'vote' }), 'me'), false);
  assert.equal(isFor(turn({ act: 'listen' }), 'me'), false);
});

test('no microphone opens by itself in a duel that its owner has not stepped into', () => {
  const { round } = playing();
  const room = /** @type {any} */ ({ opt_in: ['duel'] });
  const duel = { ...round, game: 'duel', players: ['other'] };

  assert.equal(isDrawnIn(round, 'me', room), true);
  assert.equal(isDrawnIn(duel, 'me', room), false);
  assert.equal(isDrawnIn({ ...duel, players: ['other', 'me'] }, 'me', room), true);
  assert.equal(isDrawnIn({ ...duel, takes: [{ voice: 'me' }] }, 'me', room), true);
  assert.equal(isDrawnIn(duel, 'me', null), true); // no room was told yet
});

test('a round that gave way to another has no card, nor one in which nothing was said', () => {
  const round = running({}, { takes: [take('a', ANNA)] });

  assert.deepEqual(['done', 'stopped', 'silent', 'again', 'replaced'].map((reason) => hasCard(ended(round, { reason }))), [true, true, true, false, false]);
  assert.deepEqual([hasCard(null), hasCard(round), hasCard(ended(running()))], [false, false, false]);
  assert.equal(hasCard(ended(running(), { secrets: [{ voice: 'anna', role: 'x', text: '' }] })), true);
});

test('a round in which nobody said anything is told apart from one that waits for its take', () => {
  const told = (/** @type {any} */ last_round, /** @type {any} */ more = {}) => stayedSilent({ state: /** @type {any} */ ({ round: null, last_round }), preview: null, speaking: 'off', ...more });

  assert.equal(told(ended(running(), { reason: 'silent' })), true);
  assert.equal(told(ended(running({}, { takes: [take('a', ANNA)] }))), false);
  assert.equal(told(ended(running(), { secrets: [{ voice: 'anna', role: 'x', text: '' }] })), false);
  assert.deepEqual([told(null), told(ended(running()), { speaking: 'sending' }), told(ended(running()), { preview: {} })], [false, false, false]);
});

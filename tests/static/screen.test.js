import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ballotOf, cardsOf, CARDS, isMute, isUnsigned, MUTE_BEFORE_MS, whose, winnersOf } from '../../static/js/room/screen.js';
import { EMPTY } from '../../static/js/room/state.js';

/** @typedef {any} Loose */
const turn = (/** @type {Loose} */ more = {}) => ({ turn: 1, voice: null, prompt: 'x', go_at_ms: 0, closes_at_ms: 5_000, act: 'speak', ...more });
const status = (/** @type {Loose} */ more = {}) => /** @type {Loose} */ ({ phase: 'window', turn: turn(), left_ms: 1_000, ...more });
const take = (/** @type {string} */ clip, more = {}) => ({ clip, voice: `v-${clip}`, turn: 1, text: null, hidden: false, written: false, ...more });
const round = (/** @type {Loose} */ more = {}) => ({ id: 'r', game: 'g', players: [], turns: [turn()], takes: [], votes: [], closing: null, ...more });
const here = new Map([['v-a', { id: 'v-a', name: 'Amber Fern', colour: '#abc' }]]);

test('the screen is mute from a moment before a window until it shuts', () => {
  assert.equal(isMute(status({ phase: 'count-in', left_ms: MUTE_BEFORE_MS + 1 })), false);
  assert.equal(isMute(status({ phase: 'count-in', left_ms: MUTE_BEFORE_MS })), true);
  assert.equal(isMute(status()), true);
  assert.equal(isMute(status({ phase: 'over' })), false);
  assert.equal(isMute(status({ phase: 'idle', turn: null })), false);
});

test('nobody speaks while a vote or a replay runs, so there the screen sounds', () => {
  assert.equal(isMute(status({ turn: turn({ act: 'vote' }) })), false);
  assert.equal(isMute(status({ turn: turn({ act: 'listen' }) })), false);
  assert.equal(isMute(status({ turn: turn({ act: 'guess' }) })), true);
});

test('whose turn it is', () => {
  assert.equal(whose(null), 'none');
  assert.equal(whose(/** @type {Loose} */ (turn({ act: 'vote' }))), 'none');
  assert.equal(whose(/** @type {Loose} */ (turn({ voice: 'a' }))), 'one');
  assert.equal(whose(/** @type {Loose} */ (turn({ voices: ['a', 'b'] }))), 'some');
  assert.equal(whose(/** @type {Loose} */ (turn())), 'all');
});

test('the screen asks for a vote, for both thumbs, or tells who decides', () => {
  const asked = (/** @type {Loose} */ more) => ballotOf(/** @type {Loose} */ (turn({ act: 'vote', ...more })));
  assert.deepEqual([asked({}), asked({ role: 'same' }), asked({ role: 'judge', voices: ['a'] })], ['screen.vote', 'act.same', 'act.judge.other']);
});

test('answers are unsigned while they are voted on', () => {
  assert.equal(isUnsigned(/** @type {Loose} */ ({ ...EMPTY, round: round({ turns: [turn({ act: 'vote' })] }) })), true);
  assert.equal(isUnsigned(/** @type {Loose} */ ({ ...EMPTY, round: round() })), false);
  assert.equal(isUnsigned(EMPTY), false);
});

test('cards are the newest takes that are not hidden, with their hearts', () => {
  const takes = [take('h', { hidden: true }), ...Array.from({ length: CARDS }, (_, at) => take(`n${at}`)), take('a', { text: 'soup' })];
  const votes = [{ clip: 'a', value: 1 }, { clip: 'a', value: 1 }, { clip: 'a', value: -1 }];
  const cards = cardsOf(/** @type {Loose} */ ({ ...EMPTY, round: round({ takes, votes }) }), here, 'a');

  assert.equal(cards.length, CARDS);
  assert.deepEqual(cards.at(-1), { clip: 'a', name: 'Amber Fern', colour: '#abc', text: 'soup', hearts: 2, lit: true, written: false, winner: false });
});

test('no card tells the words of a take that is hidden until somebody decided, spoken or written', () => {
  const takes = [take('a', { text: 'soup' }), take('b', { text: 'nails' }), take('w', { text: 'rust', written: true })];
  const withheld = new Map([['b', 5], ['7', 6]]);
  const state = /** @type {Loose} */ ({ ...EMPTY, round: round({ takes }), withheld, written: new Map([[7, 'w']]) });

  assert.deepEqual(cardsOf(state, here, null).map(({ text }) => text), ['soup']);
});

test('winners are told when the round is over, and not before', () => {
  const won = round({ takes: [take('a'), take('b')], closing: { reason: 'done', winners: ['a', 'b'] } });

  assert.deepEqual(winnersOf(/** @type {Loose} */ ({ ...EMPTY, last_round: won }), here).map(({ name }) => name), ['Amber Fern']);
  assert.deepEqual(cardsOf(/** @type {Loose} */ ({ ...EMPTY, last_round: won }), here, null).map(({ winner }) => winner), [true, true]);
  assert.deepEqual(winnersOf(/** @type {Loose} */ ({ ...EMPTY, last_round: won, round: round() }), here), []);
});

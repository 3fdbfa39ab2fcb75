import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ballotOf, cardsOf, CARDS, isMute, isUnsigned, MUTE_BEFORE_MS, outcomeOf, whose } from '../../static/js/room/screen.js';
import { EMPTY } from '../../static/js/room/state.js';
import enPlay from '../../static/js/lib/text.play.en.js';
import enScreen from '../../static/js/lib/text.screen.en.js';
import { learn } from '../../static/js/lib/text.js';
import { ANNA, BELA, ended, modelOf, running, take as takeOf } from './support/stage.js';

await learn('play');
await learn('screen');

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

test('winners are marked when the round is over', () => {
  const won = round({ takes: [take('a'), take('b')], closing: { reason: 'done', winners: ['a', 'b'] } });

  assert.deepEqual(cardsOf(/** @type {Loose} */ ({ ...EMPTY, last_round: won }), here, null).map(({ winner }) => winner), [true, true]);
});

const TAKES = [takeOf('a', ANNA, { text: 'a spoon' }), takeOf('b', BELA)];
const told = (/** @type {Loose} */ closing, /** @type {Loose} */ seen = {}) => {
  const last_round = ended(running({}, { takes: TAKES }), closing);
  const model = modelOf();
  return outcomeOf({ ...model, ...seen, state: { ...model.state, round: null, last_round } });
};

test('the end is told on the screen as on the phones: who won and with what, a tie, or what came of it', () => {
  const { title, headline, below, asked } = told({ ending: 'votes', winners: ['a'] }) ?? {};
  assert.deepEqual([title, headline, below, asked], [enScreen['screen.winner'], 'Velvet Teacup', '“a spoon”', 'Moss']);
  const tie = told({ ending: 'votes', winners: ['a', 'b'] });
  assert.deepEqual([tie?.title, tie?.headline, tie?.below], [enScreen['screen.tie'], 'Velvet Teacup + Wobbly Octopus', '']);
  assert.deepEqual([told({ ending: 'votes' })?.title, told({ ending: 'votes' })?.headline], ['', enPlay['ending.unvoted']]);
  const line = told({ ending: 'votes', winners: ['b'], line: 'a' });
  assert.deepEqual([line?.title, line?.headline, line?.asked], [enPlay['ending.evening'], 'Velvet Teacup', '']);
});

test('secrets are turned over on the screen, but for those of a voice that is hidden there; and what had to be found', () => {
  const secrets = [{ voice: ANNA.id, role: 'a cook', text: 'wants praise' }, { voice: BELA.id, role: 'a ghost', text: '' }];
  const out = told({ ending: 'secrets', secrets, answer: 'envy' });

  assert.deepEqual([out?.headline, out?.below], [enPlay['ending.secrets'], 'It was: envy.']);
  assert.deepEqual(out?.secrets.map(({ name, text }) => [name, text]), [['Velvet Teacup', 'A cook. Wants praise'], ['Wobbly Octopus', 'A ghost']]);
  assert.deepEqual(told({ ending: 'secrets', secrets }, { hidden: [BELA.id] })?.secrets.map(({ name }) => name), ['Velvet Teacup']);
});

test('a screen that who keeps the room opened tells no words of a winner that is hidden until somebody decided', () => {
  const model = modelOf({ state: { withheld: new Map([['a', 5]]), keeper: ANNA.id } });
  const last_round = ended(running({}, { takes: TAKES }), { ending: 'votes', winners: ['a'] });

  const out = outcomeOf({ ...model, state: { ...model.state, last_round } });
  assert.deepEqual([out?.headline, out?.below], [enPlay['ending.plain'], '']);
});

test('nothing is told while a round runs', () => {
  assert.equal(outcomeOf(modelOf({ state: { ...EMPTY, round: running({}, { takes: TAKES }), last_round: ended(running({}), {}) } })), null);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import en from '../../../static/js/lib/text.play.en.js';
import { learn } from '../../../static/js/lib/text.js';
import { endingOf } from '../../../static/js/room/ending.js';
import { sparedOf } from '../../../static/js/room/play.js';
import { ANNA, BELA, CLEO, ended, modelOf, running, take } from '../support/stage.js';

await learn('play');
const TAKES = [take('a', ANNA, { text: 'a spoon' }), take('b', BELA), take('c', CLEO, { written: true, text: 'typed' })];
const hearts = (/** @type {string[]} */ ...clips) => clips.map((clip, at) => ({ round: 'r', clip, value: 1, voice: `v${at}` }));

/** The card of an end. @param {Record<string, any>} closing @param {Record<string, any>} [round] @param {any} [seen] */
function card(closing, round = {}, seen = {}) {
  return endingOf(ended(running({}, { takes: TAKES, ...round }), closing), modelOf(seen));
}

test('a vote has its winner by name, its hearts, and the clip that plays by itself', () => {
  const { title, winners, takes, plays, kind, prompt } = card({ ending: 'votes', winners: ['a'] }, { votes: hearts('a', 'a', 'b') });

  assert.deepEqual([kind, title, prompt, plays], ['votes', 'Velvet Teacup', 'Moss', ['a']]);
  assert.deepEqual(winners.map(({ text, colour }) => [text, colour]), [['a spoon', '#aa0000']]);
  assert.deepEqual(takes.map(({ name, hearts: count, won }) => [name, count, won]), [['Velvet Teacup', 2, true], ['Wobbly Octopus', 1, false], ['Calm Fern', 0, false]]);
});

test('a tie says so and plays both; without a heart nobody is made a winner', () => {
  const tie = card({ ending: 'votes', winners: ['a', 'b'] });
  assert.deepEqual([tie.title, tie.plays], [en['ending.tie'], ['a', 'b']]);

  const none = card({ ending: 'votes' });
  assert.deepEqual([none.title, none.plays, none.winners], [en['ending.unvoted'], [], []]);
});

test('a typed winner has its words and nothing to play', () => {
  const { title, plays, winners } = card({ ending: 'votes', winners: ['c'] });

  assert.deepEqual([title, plays, winners[0].text], ['Calm Fern', [], 'typed']);
});

test('a chain is beads in the order of its one piece, and plays as one', () => {
  const chain = card({ ending: 'chain', replay: ['b', 'a'] });

  assert.deepEqual([chain.title, chain.plays], [en['ending.chain'], ['b', 'a']]);
  assert.deepEqual(chain.beads.map(({ name, text }) => [name, text]), [['Wobbly Octopus', ''], ['Velvet Teacup', 'a spoon']]);
  assert.deepEqual(chain.takes, []);
  assert.deepEqual(card({ ending: 'series' }).beads.map(({ clip }) => clip), ['a', 'b', 'c']);
  assert.deepEqual(card({ ending: 'plain', replay: ['a', 'b'] }).beads.map(({ clip }) => clip), ['a', 'b']);
  assert.deepEqual(chain.names, ['Velvet Teacup', 'Wobbly Octopus', 'Calm Fern']);
});

test('words that were captioned later stand on the beads', () => {
  const clips = new Map([['b', { clip: 'b', by: BELA, caption: 'the moon' }]]);

  assert.equal(card({ ending: 'chain', replay: ['a', 'b'] }, {}, { state: { clips } }).beads[1].text, 'the moon');
});

test('a duel has two bars by hearts, and the line of the duel as its only row', () => {
  const duel = card({ ending: 'duel', winners: ['a'] }, { takes: TAKES.slice(0, 2), votes: hearts('a', 'a', 'b') });

  assert.deepEqual(duel.bars.map(({ name, hearts: count, part, won }) => [name, count, part, won]), [['Velvet Teacup', 2, 1, true], ['Wobbly Octopus', 1, 0.5, false]]);
  assert.deepEqual(duel.takes.map(({ clip }) => clip), ['a']);
});

test('two who met are told so; where the words are not known, nobody pretends', () => {
  const takes = [take('a', ANNA), take('b', BELA), take('d', ANNA, { turn: 2 }), take('e', BELA, { turn: 2 })];
  const pair = (/** @type {boolean|null} */ met) => card({ ending: 'pair', met }, { takes });

  assert.deepEqual([true, false, null].map((met) => pair(met).title), [en['ending.met'], en['ending.unmet'], en['ending.plain']]);
  assert.deepEqual([pair(true).plays, pair(true).takes.map(({ clip }) => clip)], [['d', 'e'], ['d', 'e']]);
});

test('secrets are turned over with the names of those who had them', () => {
  const { secrets, title } = card({ ending: 'secrets', secrets: [{ voice: 'anna', role: 'astronaut', text: 'afraid of heights' }, { voice: 'bela', role: '', text: 'a wish' }] });

  assert.equal(title, en['ending.secrets']);
  assert.deepEqual(secrets.map(({ name, text }) => [name, text]), [['Velvet Teacup', 'Astronaut. Afraid of heights'], ['Wobbly Octopus', 'A wish']]);
});

test('the fifth of a set closes with the line of the evening, which may be of another round', () => {
  const clips = new Map([['z', { clip: 'z', by: CLEO, caption: 'the best', duration_ms: 900 }]]);
  const evening = card({ ending: 'votes', winners: ['a'], set_place: 5, line: 'z' }, {}, { state: { clips } });

  assert.deepEqual([evening.line?.name, evening.line?.text, evening.plays, evening.takes, evening.beads], ['Calm Fern', 'the best', ['z'], [], []]);
  assert.equal(card({ line: 'gone' }).line, null);
  assert.equal(card({ line: 'a' }).line?.text, 'a spoon');
});

test('each verdict stands at the take it is about', () => {
  const verdicts = [{ round: 'r', clip: 'b', code: 'x', text: 'Passengers.', tone: 'fault', overruled: true }, { round: 'r', clip: 'a', code: 'y', text: 'Crown, please.', tone: 'praise' }];
  const { takes } = card({}, { verdicts });

  assert.deepEqual(takes.map((one) => one.verdicts.map(({ text, tone, overruled }) => [text, tone, overruled])), [[['Crown, please.', 'praise', false]], [['Passengers.', 'fault', true]], []]);
});

test('what was to be found out and the coach stand below', () => {
  assert.equal(card({ answer: 'pride', coach: 'Mouth first.' }).words, 'It was: pride. Mouth first.');
  assert.equal(card({}).words, '');
});

test('what was reported and whom one does not want stand on no card and are not played by it', () => {
  const state = { withheld: new Map([['a', 9]]) };
  const reported = card({ ending: 'chain', replay: ['a', 'b'] }, {}, { me: BELA, state });
  assert.deepEqual([reported.plays, reported.beads.map(({ clip }) => clip)], [['b'], ['b', 'c']]);

  const round = ended(running({}, { takes: TAKES }), { ending: 'votes', winners: ['a'] });
  const unwanted = endingOf(round, { ...modelOf({ me: BELA }), hidden: ['anna'] });
  assert.deepEqual([unwanted.plays, unwanted.winners, unwanted.takes.map(({ clip }) => clip)], [[], [], ['b', 'c']]);

  const clips = new Map([['old', /** @type {any} */ ({ by: ANNA, duration_ms: 900 })]]);
  const line = (/** @type {string[]} */ hidden) => endingOf(ended(round, { line: 'old' }), { ...modelOf({ me: BELA, state: { clips } }), hidden }).line;
  assert.equal(line([])?.clip, 'old');
  assert.equal(line(['anna']), null);
});

test('of a voice that is hidden no secret is told, and its crown is nobody else\'s', () => {
  const round = ended(running({}, { takes: [take('a', ANNA), take('b', BELA)] }), { ending: 'votes', winners: ['a'], secrets: [{ voice: 'anna', role: 'x', text: '' }] });
  const { secrets, title, winners } = endingOf(round, { ...modelOf({ me: BELA }), hidden: ['anna'] });

  assert.deepEqual([secrets, winners, title], [[], [], en['ending.plain']]);
});

test('what two said at one count is heard at once, and all else one after the other', () => {
  const round = (/** @type {Record<string, any>} */ closing) => endingOf(ended(running({}, { takes: [take('a', ANNA), take('b', BELA)] }), closing), modelOf());

  assert.deepEqual([round({ ending: 'pair' }).plays, round({ ending: 'pair' }).atOnce], [['a', 'b'], true]);
  assert.equal(round({ ending: 'pair', winners: ['a', 'b'] }).atOnce, false);
  assert.equal(round({ ending: 'chain', replay: ['a', 'b'] }).atOnce, false);
});

test('a challenge that nobody decided is told with whose it was; words that came later decide it', () => {
  const undecided = [{ clip: 'a', voice: BELA.id }, { clip: 'gone', voice: BELA.id }];
  const line = 'Nobody decided: Wobbly Octopus against Velvet Teacup. The challenge stays open.';
  assert.equal(card({ undecided, coach: 'Breathe.' }).words, `${line} Breathe.`);

  const verdicts = [{ round: 'r', clip: 'a', code: 'repeat', text: '', tone: 'fault' }];
  assert.equal(card({ undecided }, { verdicts }).words, '');
  assert.equal(card({ undecided }, {}, { me: CLEO, state: { withheld: new Map([['a', 5]]) } }).words, '', 'and none about a take that is hidden');
});

test('older clips that answered the same stand on the card with their day, once whoever asked has spoken', () => {
  const met = new Map([['old', { by: CLEO, at_ms: 5_000, duration_ms: 800, caption: 'a hat' }], ['gone', null]]);
  const round = (/** @type {object} */ more) => ended(running({}, { takes: [TAKES[0]], company: ['old', 'gone', 'unknown'], ...more }), { ending: 'plain' });

  const { title, takes, plays } = endingOf(round({}), modelOf(), met);
  assert.deepEqual([title, plays], [en['ending.company'], []]);
  assert.deepEqual(takes.map(({ clip, name, text, at_ms }) => [clip, name, text, at_ms]), [['a', 'Velvet Teacup', 'a spoon', undefined], ['old', 'Calm Fern', 'a hat', 5_000]]);

  assert.deepEqual(endingOf(round({ starter: BELA.id }), modelOf(), met).takes.map(({ clip }) => clip), ['a']);
  assert.deepEqual(endingOf(round({}), modelOf(), new Map()).takes.map(({ clip }) => clip), ['a']);
  assert.deepEqual(endingOf(round({}), { ...modelOf(), hidden: [CLEO.id] }, met).takes.map(({ clip }) => clip), ['a']);
});

test('a duet has a title of its own, and whoever went first stands first', () => {
  const met = new Map([['old', { by: CLEO, at_ms: 5_000, duration_ms: 800, caption: 'a hat' }]]);
  const round = ended(running({}, { takes: [TAKES[0]], company: ['old'], duet: { at_ms: 5_000, machine: false } }), { ending: 'plain' });

  const { title, takes } = endingOf(round, modelOf(), met);
  assert.deepEqual([title, takes.map(({ clip }) => clip)], [en['ending.duet'], ['old', 'a']]);
});

test('a chain that stays open says how long it is, and whose the links of earlier visits are', () => {
  const met = new Map([['old', { by: CLEO, at_ms: 5_000, duration_ms: 800, caption: 'a hat' }]]);
  const round = running({}, { chain: 'c', takes: [take('old', { id: 'gone' }, { turn: 0 }), TAKES[0]] });
  const { beads, words, names } = endingOf(ended(round, { ending: 'chain', replay: ['old', 'a'], stays_open: true }), modelOf(), met);

  assert.deepEqual(beads.map(({ clip, name, text }) => [clip, name, text]), [['old', 'Calm Fern', 'a hat'], ['a', 'Velvet Teacup', 'a spoon']]);
  assert.equal(words, '2 links so far. Whoever comes next goes on.');
  assert.deepEqual(names, ['Calm Fern', 'Velvet Teacup']);
});

test('who answers alone is told that it waits for whoever comes next', () => {
  const told = (/** @type {any[]} */ here, /** @type {object} */ closing = {}) => endingOf(ended(running({}, { takes: [TAKES[0]] }), { ending: 'plain', ...closing }), modelOf({ here })).words;

  assert.equal(told([ANNA]), en['ending.left']);
  assert.equal(told([ANNA, { ...BELA, machine: true }]), en['ending.left']);
  assert.deepEqual([told([ANNA, BELA]), told([ANNA], { ending: 'votes' })], ['', '']);
});

test('after the prompt of the day that is all for today', () => {
  assert.match(card({ ending: 'plain', coach: 'Well.' }, { prompt: { id: 'daily-2026-11-28', text: 'Moss' } }).words, /^That is all for today\. Well\.$/);
  assert.equal(card({ ending: 'plain', coach: 'Well.' }).words, 'Well.');
});

test('of the company of a round nothing is told until whoever asked for it has spoken', () => {
  const round = running({}, { takes: [], company: ['old'], starter: 'anna' });

  assert.deepEqual(sparedOf(round), ['old']);
  assert.deepEqual(sparedOf({ ...round, takes: [take('b', BELA)] }), ['old']);
  assert.deepEqual(sparedOf({ ...round, takes: [{ ...take('a', ANNA), voice: 'anna' }] }), []);
  assert.deepEqual(sparedOf({ ...round, duet: { at_ms: 1, machine: false } }), []); // it is heard first
  assert.deepEqual([sparedOf(null), sparedOf(running({}, { takes: [] }))], [[], []]);
});

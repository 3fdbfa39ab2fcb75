import assert from 'node:assert/strict';
import { test } from 'node:test';
import en from '../../../static/js/lib/text.play.en.js';
import { learn } from '../../../static/js/lib/text.js';
import { partIn } from '../../../static/js/room/head.js';
import { newsOf, UNTOLD, verdictLine } from '../../../static/js/room/news.js';
import { ANNA, at, BELA, CLEO, ended, GO_MS, modelOf, running, take } from '../support/stage.js';

await learn('play');
const GAME = { name: 'Word association', short: 'One word, the first that comes' };

/** What is told at each of some moments, one after the other. @param {{model: any, now_ms: number, game?: any}[]} moments */
function told(moments) {
  let before = UNTOLD;
  return moments.map(({ model, now_ms, game = GAME }) => {
    const status = at(model, now_ms);
    const { told: next, lines } = newsOf(before, { game, model, status, part: partIn(model, status) });
    before = next;
    return lines;
  });
}

test('the game, whose turn it is and what is asked are said once', () => {
  const model = modelOf({ round: running({ voice: 'anna', max_words: 1 }) });

  const lines = told([{ model, now_ms: GO_MS - 2_000 }, { model, now_ms: GO_MS - 1_000 }, { model, now_ms: GO_MS + 100 }]);

  assert.deepEqual(lines, [['Word association. One word, the first that comes.', `${en['news.you']}. One word, no more`, 'Prompt: Moss?'], [], []]);
});

test('a listener and the next player hear whose turn it is by name', () => {
  const round = running({ voice: 'bela' });
  const [lines] = told([{ model: modelOf({ round }), now_ms: GO_MS - 1 }]);
  assert.equal(lines[1], 'The next voice is Wobbly Octopus');

  const [all] = told([{ model: modelOf({ round: running() }), now_ms: GO_MS - 1 }]);
  assert.equal(all[1], en['news.all']);

  const [both] = told([{ model: modelOf({ round: running({ voices: ['bela', 'dora'] }) }), now_ms: GO_MS - 1 }]);
  assert.equal(both[1], 'The next voice is Wobbly Octopus + somebody');
});

test('a game whose words come late is told then, and only then', () => {
  const model = modelOf({ round: running() });

  const lines = told([{ model, now_ms: GO_MS, game: null }, { model, now_ms: GO_MS + 1 }, { model, now_ms: GO_MS + 2 }]);

  assert.deepEqual(lines.map((one) => one.filter((line) => line.startsWith('Word association'))), [[], ['Word association. One word, the first that comes.'], []]);
});

test('each turn is told anew, a vote as what it is', () => {
  const first = running({ voice: 'anna' });
  const second = { ...first, turns: [...first.turns, { ...first.turns[0], turn: 2, act: 'vote', prompt: 'Which one?' }] };

  const lines = told([{ model: modelOf({ round: first }), now_ms: GO_MS }, { model: modelOf({ round: second }), now_ms: GO_MS }]);

  assert.deepEqual(lines[1], ['Tap the best, while they play', 'Prompt: Which one?']);
});

test('a verdict has the name of whose take it is about', () => {
  const verdict = { round: 'r', clip: 'c', code: 'long', text: 'That word had passengers.' };
  const round = running({ voice: 'anna' }, { takes: [take('c', BELA)], verdicts: [verdict] });
  const lines = told([{ model: modelOf({ round }), now_ms: GO_MS }, { model: modelOf({ round }), now_ms: GO_MS }]);

  assert.equal(lines[0].at(-1), 'Wobbly Octopus: That word had passengers.');
  assert.deepEqual(lines[1], []);
  assert.equal(verdictLine(running(), verdict, modelOf()), 'That word had passengers.');
});

test('a challenge is told at once, by whom and against whom, until it is decided', () => {
  const challenged = running({ voice: 'bela' }, { takes: [take('c', BELA)], challenges: [{ round: 'r', clip: 'c', voice: 'cleo' }] });
  const decided = { ...challenged, verdicts: [{ round: 'r', clip: 'c', code: 'x', text: 'Nothing there.' }] };
  const lines = told([challenged, challenged, decided].map((round) => ({ model: modelOf({ round }), now_ms: GO_MS })));

  assert.equal(lines[0].at(-1), 'Calm Fern challenges Wobbly Octopus!');
  assert.deepEqual(lines.slice(1), [[], ['Wobbly Octopus: Nothing there.']]);
});

test('the end says who won, a tie says so, and nobody wins whom nobody chose', () => {
  const round = running({}, { takes: [take('c', ANNA), take('d', BELA)] });
  const end = (/** @type {string[]} */ winners) => told([{ model: modelOf({ state: { last_round: ended(round, { winners }) } }), now_ms: 21_000 }])[0];

  assert.deepEqual(end(['d']), ['Wobbly Octopus wins']);
  assert.deepEqual(end(['c', 'd']), ['A tie: Velvet Teacup + Wobbly Octopus']);
  assert.deepEqual(end([]), []);
  const open = ended(round, { undecided: [{ clip: 'c', voice: CLEO.id }] });
  assert.deepEqual(told([{ model: modelOf({ state: { last_round: open } }), now_ms: 21_000 }]), [['Nobody decided: Calm Fern against Velvet Teacup. The challenge stays open.']]);
  assert.deepEqual(told([{ model: modelOf(), now_ms: 1 }]), [[]]);
});

test('the mask that everyone wears is told with the game', () => {
  const model = modelOf({ round: { ...running(), mask: 'mouse' } });
  const [[game]] = told([{ model, now_ms: GO_MS - 1 }]);
  assert.equal(game, 'Word association. One word, the first that comes. Everyone is a mouse.');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { geohash } from '../../static/js/lib/geohash.js';
import { PLACES } from '../../static/js/lib/places.js';
import { statusOf } from '../../static/js/room/round.js';
import { bandOf, bandsOf, daysOf, KEPT, laughed, median, took, worded } from '../../static/js/room/spontaneity.js';
import { apply, EMPTY, foldAll } from '../../static/js/room/state.js';

const anna = { id: 'anna', name: 'Calm Teapot', colour: '#aabbcc' };

/** @param {number} seq @param {string} kind @param {any} data @param {any} [by] @returns {any} */
function event(seq, kind, data, by = anna) {
  return { type: 'event', seq, prev: seq - 1, at_ms: 1_000 + seq, by, kind, data };
}

const OPENED = event(1, 'round.opened', { round: 'r', game: 'mind_meld', tempo: 'snap', prompt: null, players: ['anna'], hidden: true, scene: 'A lift' });
const TURN = { round: 'r', turn: 1, prompt: 'Go', go_at_ms: 2_000, closes_at_ms: 7_000, voice: null };

test('of a secret of others only its voice is known, of an own one all', () => {
  const other = apply(foldAll(EMPTY, [OPENED]), event(2, 'role.given', { round: 'r', voice: 'bela', role: '', text: '' }));
  const own = apply(other, event(3, 'role.given', { round: 'r', voice: 'anna', role: 'the teller', text: 'a comb' }));

  assert.deepEqual(other.round?.roles.map(({ voice, text }) => [voice, text]), [['bela', '']]);
  assert.deepEqual(own.round?.roles.map(({ voice, text }) => [voice, text]), [['bela', ''], ['anna', 'a comb']]);
  assert.equal(own.round?.scene, 'A lift');
});

test('takes that are not shown yet are counted, until they are revealed', () => {
  const hidden = foldAll(EMPTY, [OPENED, event(2, 'clip.landed', { clip: '', round: 'r', turn: 1 }), event(3, 'answer.given', { round: 'r', turn: 1, answer: '', text: '' })]);
  const shown = apply(hidden, event(4, 'round.revealed', { round: 'r', takes: [{ clip: 'a', voice: 'anna', turn: 1, text: 'moon', written: true }] }));

  assert.equal(hidden.round?.unseen, 2);
  assert.equal(shown.round?.unseen, 0);
  assert.equal(shown.round?.takes[0].text, 'moon');
});

test('an own hidden answer is hidden until the room sees it', () => {
  const own = foldAll(EMPTY, [OPENED, event(2, 'answer.given', { round: 'r', turn: 1, answer: 'a', text: 'moon', hidden: true })]);
  const shown = apply(own, event(3, 'round.revealed', { round: 'r', takes: [{ clip: 'a', voice: 'anna', turn: 1, text: 'moon', written: true }] }));

  assert.deepEqual([own.round?.takes.length, own.round?.takes[0].hidden], [1, true]);
  assert.deepEqual([shown.round?.takes.length, shown.round?.takes[0].hidden], [1, false]);
});

test('a verdict stands on its clip until the room overrules it', () => {
  const verdict = { round: 'r', clip: 'c', code: 'old_joke', text: 'That one has a beard.', tone: 'fault' };
  const judged = foldAll(EMPTY, [OPENED, event(2, 'clip.landed', { clip: 'c', round: 'r', turn: 1, duration_ms: 900 }), event(3, 'verdict.given', verdict)]);
  const waived = apply(judged, event(4, 'verdict.overruled', { round: 'r', clip: 'c', code: 'old_joke' }));

  assert.equal(judged.clips.get('c')?.verdicts[0].text, 'That one has a beard.');
  assert.equal(waived.clips.get('c')?.verdicts[0].overruled, true);
  assert.equal(waived.round?.verdicts[0].overruled, true);
});

test('the end of a round brings its replay, its answer and a word on the way', () => {
  const closing = { round: 'r', reason: 'done', takes: ['c'], replay: ['c'], answer: 'a comb', coach: 'Average will do.' };

  const { round, last_round } = foldAll(EMPTY, [OPENED, event(2, 'round.closed', closing)]);

  assert.equal(round, null);
  assert.deepEqual([last_round?.closing?.replay, last_round?.closing?.answer, last_round?.closing?.coach], [['c'], 'a comb', 'Average will do.']);
});

test('an end that older logs tell has no winner, and a take that is taken back leaves the end', () => {
  const closing = { round: 'r', reason: 'done', takes: ['a', 'b'], replay: ['a', 'b'], winners: ['a', 'b'], line: 'a', ending: 'votes', set_place: 5 };
  const old = foldAll(EMPTY, [OPENED, event(2, 'round.closed', { round: 'r', reason: 'done', takes: ['a'] })]).last_round?.closing;
  const told = foldAll(EMPTY, [OPENED, event(2, 'round.closed', closing), event(3, 'clip.removed', { clip: 'a' })]).last_round?.closing;

  assert.deepEqual([old?.ending, old?.winners, old?.met, old?.set_place, old?.next_at_ms], ['plain', [], null, 0, 0]);
  assert.deepEqual([told?.takes, told?.replay, told?.winners, told?.line, told?.set_place], [['b'], ['b'], ['b'], '', 5]);
});

test('who challenged a take is known once, and forgotten with the take', () => {
  const challenge = { round: 'r', clip: 'c', voice: 'bela' };
  const made = foldAll(EMPTY, [OPENED, event(2, 'challenge.made', challenge), event(3, 'challenge.made', challenge)]);

  assert.deepEqual(made.round?.challenges, [challenge]);
  assert.deepEqual(apply(made, event(4, 'clip.removed', { clip: 'c' })).round?.challenges, []);
});

test('topics wait, are wanted once by each, and go when they are thrown', () => {
  const waiting = foldAll(EMPTY, [event(1, 'topic.suggested', { topic: 't', text: 'Soup' }), event(2, 'topic.wanted', { voice: 'anna' }), event(3, 'topic.wanted', { voice: 'anna' })]);
  const thrown = apply(waiting, event(4, 'topic.thrown', { prompt: { id: 't', text: 'Soup' } }));
  const taken = apply(waiting, event(4, 'text.removed', { target: 1 }));

  assert.deepEqual([waiting.suggestions.size, waiting.wanted], [1, ['anna']]);
  assert.deepEqual([thrown.suggestions.size, thrown.wanted], [0, []]);
  assert.equal(taken.suggestions.size, 0);
});

test('dice lie in their own place, with their sum', () => {
  const { rolls } = foldAll(EMPTY, [event(5, 'dice.rolled', { expression: '2d6+1', dice: [3, 5], total: 9 })]);

  assert.deepEqual(rolls.get(5)?.dice, [3, 5]);
  assert.equal(rolls.get(5)?.total, 9);
});

test('votes need no count-in', () => {
  const voting = foldAll(EMPTY, [OPENED, event(2, 'turn.given', { ...TURN, act: 'vote' })]);
  const speaking = foldAll(EMPTY, [OPENED, event(2, 'turn.given', { ...TURN, act: 'speak' })]);

  assert.equal(statusOf(voting, 'anna', 1_500).phase, 'window');
  assert.equal(statusOf(speaking, 'anna', 1_500).phase, 'count-in');
});

test('bands of reaction times begin where the last one ends', () => {
  const bands = [-200, 599, 600, 1_999, 2_000, 3_999, 4_000, 60_000].map(bandOf);

  assert.deepEqual(bands, ['ahead', 'ahead', 'spontaneous', 'spontaneous', 'editing', 'editing', 'blocked', 'blocked']);
});

test('the diary counts words and laughs, knows a take once, and forgets the oldest', () => {
  const take = { clip: 'c', at_ms: 1, game: 'first_thing', reaction_ms: 900, duration_ms: 1_000 };
  let kept = took(took([], take), take);
  kept = laughed(worded(kept, 'c', 'Well, don’t: 3 geese'), 'c', 7);
  for (let n = 0; n < KEPT; n += 1) kept = took(kept, { ...take, clip: `d${n}`, reaction_ms: null });

  assert.equal(kept.length, KEPT);
  assert.equal(kept.some(({ clip }) => clip === 'c'), false);
  const once = laughed(worded(took([], take), 'c', 'Well, don’t: 3 geese'), 'c', 7);
  const one = laughed(once, 'c', 7); // a page that is opened again hears of it again
  assert.deepEqual([one[0].words, one[0].laughs], [4, 1]);
  assert.deepEqual(bandsOf(one), { ahead: 0, spontaneous: 1, editing: 0, blocked: 0 });
});

test('a day has the median of what was measured', () => {
  const take = { clip: '', game: '', duration_ms: 1, words: 2, laughs: 0 };
  const kept = [100, 300, 5_000].map((reaction_ms) => ({ ...take, at_ms: 1, reaction_ms }));

  assert.deepEqual(daysOf([...kept, { ...take, at_ms: 2, reaction_ms: null }], String), [
    { day: '1', takes: 3, median_ms: 300, words: 6, laughs: 0 },
    { day: '2', takes: 1, median_ms: null, words: 2, laughs: 0 },
  ]);
  assert.equal(median([1, 2]), 1.5);
});

test('cells are those of the geohash of others', () => {
  const known = [[57.64911, 10.40744, 'u4pru'], [52.52, 13.405, 'u33dc'], [-33.8688, 151.2093, 'r3gx2'], [42.6, -5.6, 'ezs42'], [0, 0, 's0000'], [-25.382708, -49.265506, '6gkzw'], [37.8324, 112.5584, 'ww8p1']];

  for (const [latitude, longitude, cell] of /** @type {[number, number, string][]} */ (known)) {
    for (const letters of [5, 4, 3]) assert.equal(geohash(latitude, longitude, letters), cell.slice(0, letters));
  }
});

test('every place of the list is a coarse cell', () => {
  assert.ok(PLACES.length >= 60);
  for (const [name, cell] of PLACES) assert.match(cell, /^[0-9b-hjkmnp-z]{4}$/, name);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headed } from '../../../static/js/room/asked.js';
import { EMPTY, foldAll } from '../../../static/js/room/state.js';

const anna = { id: 'anna', name: 'Calm Teapot', colour: '#aabbcc' };

/** @param {[string, any][]} facts @returns {any[]} */
function events(facts) {
  return facts.map(([kind, data], at) => ({ type: 'event', seq: at + 1, prev: at, at_ms: 1_000 + at, by: anna, kind, data }));
}

/** @param {string} round @param {string} text @returns {[string, any]} */
function opened(round, text) {
  return ['round.opened', { round, game: 'first_thing', tempo: 'snap', prompt: { id: `topic-${round}`, text }, players: [] }];
}

/** @param {string} clip @param {string|null} round @returns {[string, any]} */
function landed(clip, round) {
  return ['clip.landed', { clip, round, turn: round && 1, duration_ms: 900 }];
}

/** @param {[string, any][]} facts */
function asks(facts) {
  return [...foldAll(EMPTY, events(facts)).clips.values()].map(({ clip, asked }) => [clip, asked?.text ?? null]);
}

test('a clip knows the prompt of its round, also one that lands behind its end', () => {
  const facts = [opened('r', 'Pillows?'), landed('a', 'r'), ['round.closed', { round: 'r', reason: 'done' }], landed('b', 'r'), landed('c', null), landed('d', 'older')];

  assert.deepEqual(asks(/** @type {[string, any][]} */ (facts)), [['a', 'Pillows?'], ['b', 'Pillows?'], ['c', null], ['d', null]]);
});

test('a take that was hidden knows it when it is revealed', () => {
  const facts = [opened('r', 'Pillows?'), ['round.revealed', { round: 'r', takes: [{ clip: 'a', voice: 'bela', turn: 1, text: null, duration_ms: 900 }] }]];

  assert.deepEqual(asks(/** @type {[string, any][]} */ (facts)), [['a', 'Pillows?']]);
});

test('a topic that is taken back is gone from the clips that answered it, and from no other', () => {
  const facts = [
    ['topic.suggested', { topic: 'topic-r', text: 'Pillows?' }], opened('r', 'Pillows?'), landed('a', 'r'),
    ['round.closed', { round: 'r', reason: 'done' }], opened('s', 'Moss?'), landed('b', 's'), ['text.removed', { target: 1 }],
  ];

  assert.deepEqual(asks(/** @type {[string, any][]} */ (facts)), [['a', null], ['b', 'Moss?']]);
});

test('clips that answer the same have one heading, those that answer nothing only below others', () => {
  const clip = (/** @type {string} */ id, /** @type {string} */ text) => /** @type {any} */ ({ clip: id, asked: text ? { id: '', text } : null });
  const shown = (/** @type {any[]} */ ...clips) => headed(clips).map((one) => ('key' in one ? `# ${one.asked}` : one.clip));

  assert.deepEqual(shown(clip('a', ''), clip('b', 'Moss?'), clip('c', 'Moss?'), clip('d', ''), clip('e', 'Pillows?')), ['a', '# Moss?', 'b', 'c', '# ', 'd', '# Pillows?', 'e']);
  assert.deepEqual(shown(), []);
});

test('each heading has a key of its own, though a prompt comes back', () => {
  const clip = (/** @type {string} */ id, /** @type {string} */ text) => /** @type {any} */ ({ clip: id, asked: { id: '', text } });
  const keys = headed([clip('a', 'Moss?'), clip('b', 'Soup?'), clip('c', 'Moss?')]).flatMap((one) => ('key' in one ? [one.key] : []));

  assert.equal(new Set(keys).size, 3);
});

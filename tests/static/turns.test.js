import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turns } from '../../static/js/stage/turns.js';

const TURN = /** @type {any} */ ({ round: 'r', turn: 1, prompt: 'Moss?', go_at_ms: 3_000, closes_at_ms: 8_000, voice: null });

/** Plays along in one turn, by a clock that the test moves; tells what became of the microphone, and when. @param {import('node:test').TestContext} context @param {number} pace */
function along(context, pace) {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  let now_ms = 0;
  /** @type {string[]} */
  const told = [];
  const tell = (/** @type {string} */ what) => told.push(`${what} ${now_ms}`);
  const speaker = { isBusy: false, warm: async () => tell('warm'), endGently: async () => tell('end'), begin: (/** @type {any} */ { limit_ms }) => tell(`begin ${limit_ms}`) };
  const clock = { until_ms: (/** @type {number} */ at_ms) => at_ms - now_ms };
  const turns = new Turns(/** @type {any} */ ({ speaker, clock, limit_ms: () => 7_000 * pace, pace: () => pace, stepBack: () => tell('back') }));
  const pass = (/** @type {number} */ to_ms) => {
    while (now_ms < to_ms) context.mock.timers.tick(((now_ms += 50), 50));
  };
  return { turns, told, pass };
}

test('a take begins just before "go" and ends with the window', (context) => {
  const { turns, told, pass } = along(context, 1);
  turns.plan(TURN);
  pass(20_000);

  assert.deepEqual(told, ['end 0', 'warm 0', 'begin 7000 2850', 'end 8000']);
});

test('who takes twice the time keeps the microphone twice as long', (context) => {
  const { turns, told, pass } = along(context, 2);
  turns.plan(TURN);
  pass(20_000);

  assert.deepEqual(told, ['end 0', 'warm 0', 'begin 14000 2850', 'end 13000']);
});

test('three silent takes in a row, and one steps back', (context) => {
  const { turns, told } = along(context, 1);
  for (const heard of [false, false, true, false, false, false]) turns.outcome(heard);

  assert.deepEqual(told, ['back 0']);
});

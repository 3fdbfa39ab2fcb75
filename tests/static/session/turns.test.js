import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turns } from '../../../static/js/session/turns.js';
import { Visit } from '../support/visit.js';

const TURN = /** @type {any} */ ({ round: 'r', turn: 1, prompt: 'Moss?', go_at_ms: 3_000, closes_at_ms: 8_000, voice: null });
const OPENED = { round: 'r', game: 'g', tempo: 'snap', prompt: null, players: [] };

/** Plays along in one turn, by a clock that the test moves; tells what became of the microphone, and when. @param {import('node:test').TestContext} context @param {number} pace */
function along(context, pace) {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const now = { ms: 0, ahead_ms: 0, pace };
  /** @type {string[]} */
  const told = [];
  const tell = (/** @type {string} */ what) => told.push(`${what} ${now.ms}`);
  const speaker = { isBusy: false, isHeard: false, prepare: async () => void tell('warm'), endAtPause: async () => void tell('end'), begin: async (/** @type {any} */ { limit_ms }) => void tell(`begin ${limit_ms}`) };
  const clock = { until_ms: (/** @type {number} */ at_ms) => at_ms - now.ms - now.ahead_ms };
  const turns = new Turns({ speaker, clock, limit_ms: () => 7_000 * now.pace, pace: () => now.pace, stepBack: () => tell('back') });
  const pass = (/** @type {number} */ to_ms) => {
    while (now.ms < to_ms) context.mock.timers.tick(((now.ms += 50), 50));
  };
  return { turns, told, pass, speaker, now };
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

test('a pace that is changed in the middle of a turn holds in it', (context) => {
  const { turns, told, pass, now } = along(context, 1);
  turns.plan(TURN);
  pass(5_000);
  now.pace = 2;
  turns.plan(TURN);
  pass(20_000);

  assert.deepEqual(told.slice(2), ['begin 7000 2850', 'end 13000']);
});

test('a clock that was found to be wrong moves the beginning and the end', (context) => {
  const { turns, told, pass, now } = along(context, 1);
  turns.plan(TURN);
  pass(500);
  now.ahead_ms = 2_000;
  turns.reschedule();
  pass(20_000);

  assert.deepEqual(told.slice(2), ['begin 7000 850', 'end 6000']);
});

test('planning the same turn again and again begins and ends it once', (context) => {
  const { turns, told, pass } = along(context, 1);
  for (let to_ms = 500; to_ms <= 12_000; to_ms += 500) {
    turns.plan(TURN);
    turns.reschedule();
    pass(to_ms);
  }
  assert.deepEqual(told, ['end 0', 'warm 0', 'begin 7000 2850', 'end 8000']);
});

test('a turn waits for the take before it, but not beyond its window', (context) => {
  const { turns, told, pass, speaker } = along(context, 1);
  speaker.isBusy = true;
  turns.plan(TURN);
  pass(4_000);
  speaker.isBusy = false;
  pass(4_200);
  assert.deepEqual(told.slice(2), ['begin 7000 4050']);

  turns.plan({ ...TURN, turn: 2, go_at_ms: 10_000, closes_at_ms: 12_000 });
  speaker.isBusy = true;
  pass(20_000);
  assert.deepEqual(told.filter((what) => what.startsWith('begin')).length, 1);
});

test('a turn that is over before it is known of is left alone', (context) => {
  const { turns, told, pass } = along(context, 1);
  pass(9_000);
  turns.plan(TURN);
  pass(12_000);

  assert.deepEqual(told.filter((what) => !what.startsWith('end')), []);
});

test('a turn that ends before it began opens nothing', (context) => {
  const { turns, told, pass } = along(context, 1);
  turns.plan(TURN);
  pass(1_000);
  turns.plan(null);
  pass(20_000);

  assert.deepEqual(told, ['end 0', 'warm 0', 'end 1000']);
});

test('three silent takes in a row, and one steps back', (context) => {
  const { turns, told } = along(context, 1);
  for (const heard of [false, false, true, false, false, false]) turns.outcome(heard);

  assert.deepEqual(told, ['back 0']);
});

test('a turn that is given while the microphone opens is spoken in once it is open', async () => {
  const visit = await new Visit({ waits: true }).enter(true);
  visit.event('round.opened', OPENED);
  visit.event('turn.given', TURN);
  await visit.pass(4_000);
  assert.equal(visit.model.speaking, 'opening');
  visit.devices.microphone.allow();
  await visit.serve();

  assert.deepEqual([visit.model.speaking, visit.asked('speak.start')[0].round], ['live', 'r']);
  await visit.pass(5_000);
  assert.deepEqual([visit.takes.length, visit.model.speaking], [1, 'ready']);
});

test('a turn whose window closes while the microphone opens is not spoken in', async () => {
  const visit = await new Visit({ waits: true }).enter(true);
  visit.event('round.opened', OPENED);
  visit.event('turn.given', TURN);
  await visit.pass(9_000);
  visit.devices.microphone.allow();
  await visit.serve();

  assert.deepEqual([visit.model.speaking, visit.asked('speak.start'), visit.notices], ['ready', [], []]);
});

test('two turns in quick succession are two takes', async () => {
  const visit = await new Visit().enter(true);
  visit.event('round.opened', OPENED);
  visit.event('turn.given', TURN);
  await visit.pass(3_500);
  visit.event('turn.given', { ...TURN, turn: 2, go_at_ms: 3_600, closes_at_ms: 8_000 });
  await visit.pass(5_000);

  assert.deepEqual([visit.takes.length, visit.asked('speak.start').length, visit.open.size], [2, 2, 0]);
});

test('a word is not cut off at the end of the window', async () => {
  const visit = await new Visit().enter(true);
  visit.event('round.opened', OPENED);
  visit.event('turn.given', TURN);
  await visit.pass(4_000);
  visit.devices.meter.isLoud = true;
  await visit.pass(4_500);
  assert.equal(visit.model.speaking, 'live');
  visit.devices.meter.isLoud = false;
  await visit.pass(500);

  assert.equal(visit.model.speaking, 'ready');
});

test('who is silent for three turns steps back, and may play on', async () => {
  const visit = await new Visit().enter(true);
  visit.refusals['speak.stop'] = 'silent';
  visit.event('round.opened', OPENED);
  for (let turn = 1; turn <= 3; turn += 1) {
    visit.event('turn.given', { ...TURN, turn, go_at_ms: visit.now_ms + 1_000, closes_at_ms: visit.now_ms + 3_000 });
    await visit.pass(4_000);
  }
  assert.deepEqual([visit.model.playing, visit.notices], [false, ['stepped-back']]);
  visit.model.notices[0].action?.();
  await visit.serve();
  assert.deepEqual([visit.model.playing, visit.notices], [true, []]);
});

test('how long after "go" one spoke is told to the server, by the frame that showed it', async () => {
  const visit = await new Visit().enter(true);
  visit.event('round.opened', OPENED);
  visit.event('turn.given', TURN);
  await visit.pass(3_050);
  visit.session.sawGo(TURN); // 50 ms late
  await visit.pass(950);
  visit.devices.meter.began_ago_ms = 300;
  await visit.talk('stop');

  assert.equal(visit.asked('speak.stop')[0].onset_ms, 650);
});

test('who has begun to talk for longer than the window goes on to the limit, who has not is closed', (context) => {
  const { turns, told, pass, speaker } = along(context, 1);
  turns.plan({ ...TURN, limit_ms: 10_000 });
  pass(7_000);
  speaker.isHeard = true;
  pass(20_000);
  assert.deepEqual(told.slice(2), ['begin 7000 2850']);

  speaker.isHeard = false;
  turns.plan({ ...TURN, turn: 2, go_at_ms: 23_000, closes_at_ms: 28_000, limit_ms: 10_000 });
  pass(40_000);
  assert.equal(told.at(-1), 'end 28000');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import en from '../../../static/js/lib/text.play.en.js';
import { learn } from '../../../static/js/lib/text.js';
import { duetLine } from '../../../static/js/room/duet.js';
import { openRound } from '../../../static/js/room/play.js';
import { newsOf, UNTOLD } from '../../../static/js/room/news.js';
import { at, GO_MS, modelOf, running } from '../support/stage.js';

await learn('play');
const DAY_MS = 86_400_000;
const NOW_MS = new Date(2026, 10, 28, 12).getTime(); // a Saturday
const duet = (/** @type {number} */ days, machine = false) => running({}, { company: ['old'], duet: { at_ms: NOW_MS - days * DAY_MS, machine } });

test('whoever went first in a duet is told with the day', () => {
  assert.equal(duetLine(duet(4), NOW_MS), 'A stranger was asked this on Tuesday.');
  assert.equal(duetLine(duet(1), NOW_MS), 'A stranger was asked this yesterday.');
  assert.deepEqual([duetLine(null, NOW_MS), duetLine(running(), NOW_MS)], ['', '']);
});

test('a machine says that it is one, and of no day', () => {
  assert.equal(duetLine(duet(4, true), NOW_MS), en['duet.machine']);
});

test('the prompt of a duet is shown from the start, and who goes first is announced with the game', () => {
  const model = modelOf({ round: duet(400) });
  const status = at(model, GO_MS - 5_000);
  assert.deepEqual([status.phase, status.shown, status.count], ['count-in', true, 0]);
  assert.equal(at(modelOf({ round: running() }), GO_MS - 5_000).shown, false);

  const { lines } = newsOf(UNTOLD, { game: { name: 'Game', short: 'Rule' }, part: 'all', status, model, now_ms: NOW_MS });
  assert.match(lines[0], /^Game\. Rule\..*A stranger was asked this on /);
});

test('a chain says how many were here before, or that it begins here; its links are takes of turn 0', () => {
  const fact = { round: 'r', game: 'g', tempo: 'snap', chain: 'c', earlier: [{ clip: 'l0', voice: 'bela', duration_ms: 700 }] };
  const round = openRound(fact, 1);
  assert.deepEqual(round.takes.map(({ clip, voice, turn, duration_ms }) => [clip, voice, turn, duration_ms]), [['l0', 'bela', 0, 700]]);
  assert.equal(duetLine(round, NOW_MS), '1 link before yours, from another visit');
  assert.equal(duetLine({ ...round, takes: [...round.takes, { ...round.takes[0], clip: 'l1' }] }, NOW_MS), '2 links before yours, from other visits');
  assert.equal(duetLine(openRound({ ...fact, earlier: [] }, 1), NOW_MS), en['chain.first']);
});

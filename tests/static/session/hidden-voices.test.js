import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anna, Visit } from '../support/visit.js';
import { report } from '../../../static/js/views/voice-sheet.js';

const bela = { id: 'bela', name: 'Loud Moss', colour: '#ccbbaa' };

test('hidden voices are remembered once each, and shown again all together', async () => {
  const visit = await new Visit().enter();
  for (const id of ['bela', 'c', 'bela']) visit.session.hidden.add(id);
  assert.deepEqual(visit.model.hidden, ['bela', 'c']);
  visit.session.hidden.remove('bela');
  assert.deepEqual(visit.model.hidden, ['c']);
  visit.session.hidden.clear();
  assert.deepEqual(visit.model.hidden, []);
});

test('a report is sent, and the clip is hidden whatever became of it', async () => {
  const visit = await new Visit().enter();
  visit.refusals.report = 'no_such_clip';
  const reported = report(visit.session, { clip: 'c' }, 'noise');
  await visit.serve();
  await reported;

  assert.deepEqual([visit.model.hidden, visit.notices], [['c'], ['no_such_clip']]);
});

test('a line that was reported is told by its number, and hidden', async () => {
  const visit = await new Visit().enter();
  const reported = report(visit.session, { seq: 7 }, 'noise');
  await visit.serve();
  await reported;

  assert.deepEqual(visit.asked('report').map(({ seq, reason }) => [seq, reason]), [[7, 'noise']]);
  assert.deepEqual([visit.model.hidden, visit.notices], [['seq 7'], ['reported']]);
});

test('where a voice is hidden, the radio is heard while it plays somebody else, and no longer', async () => {
  const visit = await new Visit().enter();
  for (const [clip, by] of /** @type {const} */ ([['theirs', bela], ['mine', anna]])) visit.event('clip.landed', { clip, duration_ms: 900, peaks: [], round: null }, by);
  const cue = (/** @type {string} */ clip) => visit.signal('cue', { clip, starts_at_ms: visit.server_ms + 5, duration_ms: 900 });
  cue('theirs');
  await visit.pass(500);
  assert.equal(visit.player.hushed, false);
  visit.session.hidden.add('bela', 'Bela');
  await visit.pass(50);
  assert.equal(visit.player.hushed, true, 'hidden in the middle of a word');
  visit.session.hidden.remove('bela');
  await visit.pass(50);
  assert.equal(visit.player.hushed, false, 'taken back');
  visit.session.hidden.add('bela', 'Bela');
  await visit.pass(2_000);
  assert.equal(visit.player.hushed, true, 'sound may come before it is told of');
  cue('mine');
  assert.equal(visit.player.hushed, false);
  await visit.pass(1_000);
  assert.equal(visit.player.hushed, false, 'its end is still on its way');
  await visit.pass(300);
  assert.equal(visit.player.hushed, true);
  cue('mine');
  cue('theirs');
  assert.equal(visit.player.hushed, true, 'the next piece is the hidden voice');
});

test('a piece that is cut in the middle is heard out, and then the radio is quiet again', async () => {
  const visit = await new Visit().enter();
  visit.event('clip.landed', { clip: 'c', duration_ms: 900, peaks: [], round: null }, anna);
  visit.session.hidden.add('bela');
  visit.signal('cue', { clip: 'c', starts_at_ms: visit.server_ms, duration_ms: 5_000 });
  await visit.pass(300);
  visit.signal('cut', { clip: 'c' });
  await visit.pass(100);
  assert.deepEqual([visit.model.onAir, visit.player.hushed], [null, false]);
  await visit.pass(300);

  assert.equal(visit.player.hushed, true);
});

test('a hidden voice is not heard while it speaks, others are, and nobody is hushed where nobody is hidden', async () => {
  const visit = await new Visit({ room: { live: true } }).enter();
  const speaks = async (/** @type {string} */ voice, /** @type {boolean} */ on) => {
    visit.signal('speaking', { voice, on });
    await visit.pass(50);
    return visit.player.hushed;
  };
  assert.equal(await speaks('bela', true), false);
  visit.session.hidden.add('bela', 'Bela');
  await visit.pass(50);
  assert.equal(visit.player.hushed, true);
  assert.equal(await speaks('bela', false), true);
  await visit.pass(300);
  assert.equal(await speaks('cleo', true), false);
  assert.equal(await speaks('bela', true), true);
  await speaks('bela', false);
  await visit.pass(300);
  assert.equal(visit.player.hushed, false);
  await speaks('cleo', false);
  await visit.pass(300);

  assert.equal(visit.player.hushed, true);
});

test('a hidden voice that speaks where nobody is heard live keeps nobody else from being heard', async () => {
  const visit = await new Visit().enter();
  visit.session.hidden.add('bela', 'Bela');
  visit.signal('speaking', { voice: 'bela', on: true });
  visit.event('clip.landed', { clip: 'c', duration_ms: 900, peaks: [], round: null }, anna);
  visit.signal('cue', { clip: 'c', starts_at_ms: visit.server_ms, duration_ms: 900 });
  await visit.pass(50);

  assert.equal(visit.player.hushed, false);
});

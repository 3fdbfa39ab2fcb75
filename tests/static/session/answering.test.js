import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Visit } from '../support/visit.js';
// The page fetches it when it is needed; here it is there before, for nothing else says when a module has come.
import '../../../static/js/session/answering.js';

await import('../../../static/js/session/answering.js'); // so that no page here waits for the disk
const CLIP = 'clip-of-bela-1234';
const bela = { id: 'bela', name: 'Wobbly Octopus', colour: '#00aaff' };
const opened = { round: 'r1', game: 'first_thing', tempo: 'snap', prompt: { id: 'p', text: 'Moss' }, players: [], company: [CLIP] };
const landed = { clip: 'own', duration_ms: 900, onset_ms: 0, gap_ms: 0, loudness_lufs: -16, peaks: [9], masked: false, source: 'webrtc', round: 'r1', turn: 1, reaction_ms: 310, hidden: false };
const speakers = (/** @type {Visit} */ visit) => visit.asked('here').map(({ speaker }) => speaker);

/** Let frames, and what was fetched for them, come. @param {Visit} visit */
async function served(visit) {
  await visit.pass(50);
  await visit.pass(50);
}

test('who comes from a clip asks for its prompt before they play along, and only once', async () => {
  const visit = await new Visit({ query: `answer=${CLIP}` }).enter(true);
  await served(visit);

  assert.deepEqual(visit.asked('round.start').map(({ clip }) => clip), [CLIP]);
  const order = visit.socket.sent.filter(({ type, speaker }) => type === 'round.start' || speaker).map(({ type }) => type);
  assert.deepEqual(order.slice(0, 2), ['round.start', 'here']);
  visit.session.presence.send();
  await served(visit);
  assert.equal(visit.asked('round.start').length, 1);
});

test('who only listens asks for nothing, and nobody else does either', async () => {
  for (const [query, playing] of /** @type {const} */ ([[`answer=${CLIP}`, false], ['', true]])) {
    const visit = await new Visit({ query }).enter(playing);
    await served(visit);
    assert.deepEqual(visit.asked('round.start'), []);
  }
});

test('the clip is neither heard nor seen until one has spoken', async () => {
  const visit = await new Visit({ query: `answer=${CLIP}` }).enter(true);
  await served(visit);
  assert.equal(visit.session.hidden.has(CLIP), true);

  visit.event('round.opened', opened);
  visit.event('clip.landed', { ...landed, clip: 'of bela' }, bela);
  await served(visit);
  assert.equal(visit.session.hidden.has(CLIP), true);
  visit.event('clip.landed', landed);
  await served(visit);

  assert.equal(visit.session.hidden.has(CLIP), false);
});

test('in a round of others one is there first, and asks again when they have ended', async () => {
  const visit = new Visit({ query: `answer=${CLIP}` });
  visit.refusals['round.start'] = 'not_a_player';
  visit.session.open();
  visit.welcome();
  visit.event('round.opened', { ...opened, round: 'r0', company: [] }, bela);
  visit.session.join(true);
  await served(visit);

  const order = visit.socket.sent.filter(({ type, speaker }) => type === 'round.start' || speaker).map(({ type }) => type);
  assert.deepEqual(order, ['here', 'round.start']);
  assert.deepEqual(visit.notices, ['answer-later']);
  delete visit.refusals['round.start'];
  visit.event('round.closed', { round: 'r0', reason: 'done' }, null);
  await served(visit);

  assert.equal(visit.asked('round.start').length, 2);
});

test('a clip that is gone, and one that answered nothing, are told in words of their own', async () => {
  for (const [code, told, hidden] of /** @type {const} */ ([['no_such_clip', 'answer-gone', true], ['bad_value', 'answer-nothing', false], ['locked', 'locked', true]])) {
    const visit = new Visit({ query: `answer=${CLIP}` });
    visit.refusals['round.start'] = code;
    await visit.enter(true);
    await served(visit);

    assert.deepEqual(visit.notices, [told]);
    assert.equal(visit.session.hidden.has(CLIP), hidden);
    assert.equal(speakers(visit).at(-1), true);
  }
});

test('who comes for the prompt of the day asks for it once, and plays no more when they have answered', async () => {
  const visit = await new Visit({ query: 'daily' }).enter(true);
  await served(visit);
  assert.deepEqual(visit.asked('round.start').map(({ daily, clip }) => [daily, clip]), [[true, undefined]]);
  assert.equal(visit.session.model.playing, true);

  visit.event('round.opened', { ...opened, prompt: { id: 'daily-2026-11-28', text: 'Moss' }, company: [] });
  visit.event('clip.landed', landed);
  await served(visit);
  assert.equal(visit.session.model.playing, true);
  visit.event('round.closed', { round: 'r1', reason: 'done', takes: ['own'], replay: [] });
  await served(visit);

  assert.equal(visit.session.model.playing, false);
});

test('who answered it before is told so, and plays like anybody', async () => {
  const visit = new Visit({ query: 'daily' });
  visit.refusals['round.start'] = 'answered_already';
  await visit.enter(true);
  await served(visit);

  assert.match(JSON.stringify(visit.session.model.notices), /daily-done/);
  assert.equal(visit.session.model.playing, true);
});

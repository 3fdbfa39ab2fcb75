import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { anna, settled, Visit } from '../support/visit.js';
import '../../../static/js/lib/words-held.js'; // so that it is there at once

/** @type {Map<string, string>} */
const kept = new Map();
/** @type {any} */ (globalThis).localStorage = { getItem: (/** @type {string} */ key) => kept.get(key) ?? null, setItem: (/** @type {string} */ key, /** @type {string} */ text) => kept.set(key, text) };
beforeEach(() => kept.clear());

const bela = { id: 'bela', name: 'Loud Moss', colour: '#ccbbaa' };
const clip = (/** @type {string} */ name) => ({ clip: name, duration_ms: 900, peaks: [], round: null });

/** A room with a clip and a line of each. */
async function room() {
  const visit = await new Visit().enter();
  visit.event('clip.landed', clip('mine'), anna);
  visit.event('clip.landed', clip('theirs'), bela);
  visit.event('text.said', { text: 'mine' }, anna);
  visit.event('text.said', { text: 'theirs' }, bela);
  await visit.serve();
  return visit;
}

test('who reported learns what became of it', async () => {
  const visit = await room();
  visit.session.hidden.add('theirs');
  visit.event('clip.restored', { clip: 'theirs' }, null);
  assert.deepEqual(visit.notices, ['report-kept']);
  visit.event('clip.removed', { clip: 'theirs', reason: 'moderated' }, null);
  visit.session.hidden.add('seq 4');
  visit.event('text.removed', { target: 4, reason: 'moderated' }, null);

  assert.deepEqual(visit.notices, ['report-kept', 'report-removed']);
});

test('who spoke or wrote it learns it too, and others do not', async () => {
  for (const [kind, data, codes] of /** @type {const} */ ([
    ['clip.removed', { clip: 'mine', reason: 'moderated' }, ['own-removed']], ['text.removed', { target: 3, reason: 'moderated' }, ['own-removed']],
    ['clip.removed', { clip: 'mine', reason: 'forgotten' }, []], ['clip.removed', { clip: 'theirs', reason: 'moderated' }, []], ['clip.restored', { clip: 'mine' }, []],
  ])) {
    kept.clear();
    const visit = await room();
    visit.event(kind, data, null);

    assert.deepEqual(visit.notices, codes, JSON.stringify(data));
  }
});

test('it is told once, however often the log is heard', async () => {
  const visit = await room();
  visit.event('clip.removed', { clip: 'mine', reason: 'moderated' }, null);
  const again = await room();
  again.event('clip.removed', { clip: 'mine', reason: 'moderated' }, null);

  assert.deepEqual([visit.notices, again.notices], [['own-removed'], []]);
});

test('who spoke learns that a filter holds it, takes it back from there, and learns that it passed', async () => {
  const visit = await room();
  for (const name of ['theirs', 'mine']) visit.event('clip.held', { clip: name, filter: 'contacts' }, null);
  await settled();
  assert.deepEqual(visit.notices, ['own-held']);
  assert.match(String(visit.model.notices[0].values?.what), /number/);
  visit.model.notices[0].action?.();
  await visit.serve();
  assert.equal(visit.socket.sent.filter(({ type }) => type === 'forget').at(-1)?.clip, 'mine');

  for (const name of ['theirs', 'mine']) visit.event('clip.passed', { clip: name }, null);
  await settled();
  assert.ok(visit.notices.includes('own-passed'));
});

test('who may need help is told where it is', async () => {
  const visit = await room();
  visit.socket.says({ type: 'signal', kind: 'care', data: { clip: 'mine' } });
  await settled();

  assert.deepEqual(visit.notices, ['care']);
});

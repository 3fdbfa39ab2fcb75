import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linesOf } from '../../../static/js/views/chat-lines.js';
import { hideVoice, isKeeper, show } from '../../../static/js/views/voice-sheet.js';
import { Visit } from '../support/visit.js';

const bela = { id: 'bela', name: 'Loud Moss', colour: '#ccbbaa' };
const cleo = { id: 'cleo', name: 'Fine Soap', colour: '#bbccaa' };
const shown = (/** @type {Visit} */ visit) => linesOf(visit.model).map(({ text }) => text);

/** A room in which two others have written. */
async function written() {
  const visit = await new Visit().enter();
  visit.event('text.said', { text: 'one' }, bela);
  visit.event('text.said', { text: 'two' }, cleo);
  await visit.serve();
  return visit;
}

test('lines of a hidden voice are gone, and are back when it is taken back', async () => {
  const visit = await written();
  hideVoice(visit.session, bela);
  assert.deepEqual([shown(visit), visit.notices], [['two'], ['voice-hidden']]);
  visit.event('text.said', { text: 'three' }, bela);
  await visit.serve();
  assert.deepEqual(shown(visit), ['two']);
  visit.model.notices[0].action?.();

  assert.deepEqual([shown(visit), visit.notices, visit.model.hidden], [['one', 'two', 'three'], ['voice-shown'], []]);
});

test('who is hidden has a name by which it can be taken back, also after a reload', async () => {
  const visit = await written();
  hideVoice(visit.session, bela);
  hideVoice(visit.session, cleo);
  show(visit.session, cleo);

  assert.deepEqual([visit.model.hidden, shown(visit)], [['bela'], ['two']]);
  visit.session.hidden.clear();
});

test('a line that three reported is withheld from all but the keeper, until somebody decided', async () => {
  const visit = await written();
  visit.event('text.hidden', { target: 1 }, null);
  await visit.serve();
  assert.deepEqual([shown(visit), isKeeper(visit.model)], [['two'], false]);
  visit.event('keeper.given', { voice: 'anna' }, bela);
  await visit.serve();
  assert.deepEqual([shown(visit), isKeeper(visit.model)], [['one', 'two'], true]);
  visit.event('text.restored', { target: 1 }, null);
  visit.event('keeper.given', { voice: 'bela' });
  await visit.serve();

  assert.deepEqual([shown(visit), isKeeper(visit.model)], [['one', 'two'], false]);
});

test('a line that one reported oneself is gone at once', async () => {
  const visit = await written();
  visit.session.hidden.add('seq 2');

  assert.deepEqual(shown(visit), ['one']);
  visit.session.hidden.clear();
});

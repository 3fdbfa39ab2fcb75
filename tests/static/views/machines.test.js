import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cardsOf } from '../../../static/js/room/screen.js';
import { EMPTY } from '../../../static/js/room/state.js';
import { Visit } from '../support/visit.js';

await new Visit().enter(); // the page around it
const { markOf } = await import('../../../static/js/views/voice-name.js');

const person = { id: 'bela', name: 'Loud Moss', colour: '#ccbbaa' };
const machine = { ...person, id: 'tin', name: 'Tin Whistle', machine: true };

test('a machine has a mark that is read aloud, and people have none', () => {
  /** @type {any} */ (document).createElement = (/** @type {string} */ tag) => {
    /** @type {any} */
    const made = { tag, words: '', append: (/** @type {string[]} */ ...words) => void (made.words += words.join('')) };
    made.setAttribute = (/** @type {string} */ name, /** @type {string} */ value) => void (made[name] = value);
    return made;
  };
  const mark = /** @type {any} */ (markOf(machine));

  assert.equal(mark.role, 'img');
  assert.ok(mark['aria-label']);
  assert.match(mark.words, /⚙/);
  assert.ok(!markOf(person));
  assert.ok(!markOf(null));
});

test('a screen says of a take whether a machine made it', () => {
  const take = { clip: 'a', voice: 'bela', turn: 1, duration_ms: 9, onset_ms: 0, gap_ms: 0, reaction_ms: null, text: 'rain', written: true, hidden: false };
  const round = /** @type {any} */ ({ takes: [take, { ...take, clip: 'b', voice: 'tin' }], votes: [] });
  const here = new Map([person, machine].map((one) => [one.id, one]));

  assert.deepEqual(cardsOf({ ...EMPTY, round }, here, null).map(({ name }) => name), ['Loud Moss', 'Tin Whistle ⚙\uFE0E']);
});

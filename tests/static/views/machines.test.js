import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MACHINE_SIGN, signed } from '../../../static/js/lib/shape.js';
import { endingOf } from '../../../static/js/room/ending.js';
import { castOf, companionOf, shortened, voiceOf } from '../../../static/js/room/head.js';
import { peopleIn } from '../../../static/js/room/presence.js';
import { cardsOf } from '../../../static/js/room/screen.js';
import { EMPTY } from '../../../static/js/room/state.js';
import { talkOf } from '../../../static/js/room/words.js';
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

  assert.deepEqual(cardsOf({ ...EMPTY, round }, here, null).map(({ name }) => name), ['Loud Moss', `Tin Whistle${MACHINE_SIGN}`]);
});

test('the head of the stage and the card of an end say it, also where a name is short', () => {
  const take = { clip: 'a', voice: 'tin', turn: 1, duration_ms: 9, onset_ms: 0, gap_ms: 0, reaction_ms: null, text: 'rain', written: true, hidden: false };
  const round = /** @type {any} */ ({ id: 'r', game: 'x', players: ['tin', 'bela'], turns: [], takes: [take], votes: [], verdicts: [], left: [], closing: { reason: 'done', ending: 'plain', takes: ['a'] } });
  const presence = /** @type {any} */ ({ voices: new Map([person, machine].map((one) => [one.id, one])), speaking: new Set(), listeners: 0, speakers: 0, readers: 0 });
  const model = /** @type {any} */ ({ state: { ...EMPTY, round }, presence, me: person, room: null, onAir: null, replaying: null, hidden: [] });

  const people = castOf(model, /** @type {any} */ ({ turn: null, phase: 'idle' })).map(({ name }) => name);
  assert.deepEqual(people, [`Tin Whistle${MACHINE_SIGN}`, 'Loud Moss']);
  assert.deepEqual(people.map(shortened), [`Whistle${MACHINE_SIGN}`, 'Moss']);
  assert.deepEqual(endingOf(round, model).takes.map(({ name }) => name), [`Tin Whistle${MACHINE_SIGN}`]);
  assert.equal(signed(null), '');
});

test('a machine that is in a round without being listed is called as it wrote', () => {
  const texts = new Map([[3, { seq: 3, by: machine, at_ms: 1, text: 'Hello' }]]);
  const presence = /** @type {any} */ ({ voices: new Map() });

  assert.equal(voiceOf(/** @type {any} */ ({ state: { ...EMPTY, texts }, presence }), 'tin'), machine);
  assert.equal(voiceOf(/** @type {any} */ ({ state: { ...EMPTY, texts }, presence, hidden: ['tin'] }), 'tin'), null);
});

test('whoever is here with a machine is alone, and told with whom', () => {
  const voices = new Map([person, machine].map((one) => [one.id, one]));
  const room = /** @type {any} */ ({ characters: [{ id: 'whistle', name: 'Tin Whistle' }] });

  assert.equal(peopleIn({ voices }), 1);
  assert.equal(companionOf({ state: { ...EMPTY, character: 'whistle' }, room }), 'Tin Whistle');
  assert.equal(companionOf({ state: EMPTY, room: { ...room, character: 'whistle' } }), 'Tin Whistle');
  assert.equal(companionOf({ state: { ...EMPTY, character: '' }, room: { ...room, character: 'whistle' } }), '');
  assert.equal(companionOf({ state: { ...EMPTY, character: 'whistle' }, room: null }), '');
});

test('what the machine of the room wrote last is read on the stage: no line of others, none that is hidden', () => {
  const room = /** @type {any} */ ({ characters: [{ id: 'whistle', name: 'Tin Whistle' }] });
  const line = (/** @type {any} */ by) => new Map([[3, { seq: 3, by, at_ms: 1, text: 'Hello' }]]);
  const at = (/** @type {any} */ by, more = {}, /** @type {string[]} */ hidden = []) => talkOf({ state: { ...EMPTY, character: 'whistle', texts: line(by), ...more }, room, hidden });

  assert.equal(at(machine)?.text, 'Hello');
  assert.equal(at(person), null);
  assert.equal(at({ ...machine, name: 'Some Bot' }), null);
  assert.equal(at(machine, {}, ['tin']), null);
  assert.equal(at(machine, { withheld: new Map([['3', 4]]) }), null);
  assert.equal(at(machine, { texts: new Map() }), null);
});

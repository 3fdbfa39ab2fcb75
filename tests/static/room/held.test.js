import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heldPart, isOutside, isWithheldFrom } from '../../../static/js/room/held.js';

const ANNA = { id: 'anna', name: 'Calm Teapot', colour: '#aabbcc' };
const clip = { clip: 'c', by: ANNA };
const held = { filter: 'names', seq: 4, yes: 0, needed: 0, mine: null };

/** @param {string} me @param {{keeper?: string, by?: number, isHeld?: boolean}} [more] */
const seen = (me, { keeper = '', by = 4, isHeld = true } = {}) => ({
  me: me ? { id: me } : null, state: { keeper, held: new Map(isHeld ? [['c', held]] : []), withheld: new Map(by ? [['c', by]] : []) },
});

test('of a clip that a filter holds others see that it waits, and may say something about it', () => {
  assert.deepEqual([isOutside(clip, seen('bela')), isWithheldFrom(clip, seen('bela')), heldPart(clip, seen('bela'))], [true, false, 'theirs']);
  assert.equal(isOutside(clip, seen('')), true);
});

test('its speaker and who keeps the room have it', () => {
  assert.deepEqual([isOutside(clip, seen('anna')), heldPart(clip, seen('anna'))], [false, 'own']);
  assert.equal(heldPart(clip, seen('anna', { keeper: 'anna' })), 'own-kept');
  assert.deepEqual([isOutside(clip, seen('dora', { keeper: 'dora' })), heldPart(clip, seen('dora', { keeper: 'dora' }))], [false, 'decide']);
});

test('what is hidden for another reason too is not shown to who decides nothing', () => {
  assert.equal(isWithheldFrom(clip, seen('bela', { by: 9 })), true);
  assert.equal(isWithheldFrom(clip, seen('bela', { by: 9, isHeld: false })), true);
  assert.equal(isWithheldFrom(clip, seen('anna', { by: 9 })), false);
  assert.equal(isWithheldFrom(clip, seen('dora', { by: 9, keeper: 'dora' })), false);
  assert.equal(isWithheldFrom(clip, seen('bela', { by: 0, isHeld: false })), false);
});

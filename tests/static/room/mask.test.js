import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import own from '../../../static/js/lib/text.own.en.js';
import words from '../../../static/js/lib/text.en.js';
import { CHOICES } from '../../../static/js/lib/preferences.js';
import { maskOfAll, ownMask } from '../../../static/js/room/head.js';
import { apply, EMPTY, seeded } from '../../../static/js/room/state.js';
import { ROOM } from '../support/visit.js';

/** @param {string} kind @param {object} data */
const event = (kind, data) => ({ type: /** @type {const} */ ('event'), seq: 1, prev: 0, at_ms: 1, by: null, kind, data });

test('the page has the masks that the server has, and words for each', () => {
  const told = readFileSync(new URL('../../../server/room/masks.py', import.meta.url), 'utf8');
  const names = /^MASKS = \(([^)]*)\)/m.exec(told)?.[1].match(/\w+/g);

  assert.deepEqual(CHOICES.mask, ['none', ...(names ?? [])]);
  for (const mask of names ?? []) assert.ok(`mask.${mask}` in words && `mask.name.${mask}` in own && `mask.line.${mask}` in own, mask);
});

test('without a mask of the round or the room one wears one’s own, or none', () => {
  assert.equal(ownMask(EMPTY, 'none'), '');
  assert.equal(ownMask(EMPTY, 'mouse'), 'mouse');
  assert.equal(maskOfAll(EMPTY), '');
});

test('a room that keeps a mask on has everyone wear it until it is taken off', () => {
  const kept = apply(EMPTY, event('room.changed', { mask: 'giant' }));
  assert.deepEqual([maskOfAll(kept), ownMask(kept, 'mouse'), ownMask(kept, 'none')], ['giant', 'giant', 'giant']);

  const off = apply(kept, event('room.changed', { mask: '' }));
  assert.deepEqual([maskOfAll(off), ownMask(off, 'mouse')], ['', 'mouse']);
});

test('a round that drew a mask has everyone wear that, whatever the room keeps', () => {
  const kept = apply(EMPTY, event('room.changed', { mask: 'giant' }));
  const playing = apply(kept, event('round.opened', { round: 'r', game: 'g', tempo: 'snap', mask: 'robot' }));
  assert.equal(maskOfAll(playing), 'robot');

  const over = apply(playing, event('round.closed', { round: 'r', reason: 'done' }));
  assert.equal(maskOfAll(over), 'giant');
});

test('a page that comes in later knows the mask of the room and of the round', () => {
  const round = { id: 'r', game: 'g', tempo: 'snap', opened_at_ms: 1, prompt: null, players: [], turn: null, takes: [], verdicts: [], mask: 'choir' };
  assert.equal(maskOfAll(seeded({ ...ROOM, round })), 'choir');
  assert.equal(maskOfAll(seeded({ ...ROOM, mask: 'mouse' })), 'mouse');
  assert.equal(maskOfAll(seeded(ROOM)), '');
});

test('a clip says through which mask it sounds; an old one through none', () => {
  const landed = { clip: 'c', duration_ms: 1, onset_ms: 0, gap_ms: 0, loudness_lufs: -16, peaks: [] };
  const masked = apply(EMPTY, event('clip.landed', { ...landed, masked: true, mask: 'alien', speech_ms: 700 }));
  assert.deepEqual([masked.clips.get('c')?.mask, masked.clips.get('c')?.speech_ms], ['alien', 700]);
  assert.equal(apply(EMPTY, event('clip.landed', landed)).clips.get('c')?.mask, null);
});

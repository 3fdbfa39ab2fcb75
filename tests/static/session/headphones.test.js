import assert from 'node:assert/strict';
import { test } from 'node:test';

import { answerHeadphones } from '../../../static/js/session/headphones.js';
import { BLANK } from '../../../static/js/session/model.js';

/** The key of headphones on a page in some state. @param {Partial<import('../../../static/js/session/model.js').Model>} changes */
function key(changes) {
  const model = /** @type {any} */ ({ ...BLANK, joined: true, connection: 'open', ...changes });
  /** @type {string[]} */ const talked = [];
  /** @type {Map<string, any>} */ const keys = new Map();
  const media = /** @type {any} */ ({ playbackState: 'paused', setActionHandler: (/** @type {string} */ name, /** @type {any} */ press) => keys.set(name, press) });
  answerHeadphones({ read: () => model, clock: { server_ms: 0 }, talk: (command) => talked.push(command), media });
  return { keys, media, talked };
}

test('the key begins a take, and ends the one that is open', () => {
  const idle = key({});
  idle.keys.get('pause')();
  assert.deepEqual([idle.talked, idle.media.playbackState], [['start'], 'playing']);

  const open = key({ speaking: 'live' });
  open.keys.get('play')();
  assert.deepEqual(open.talked, ['stop']);
});

test('whoever has not come in, or may not speak, begins nothing', () => {
  const outside = key({ joined: false });
  outside.keys.get('play')();
  assert.deepEqual(outside.talked, []);
});

test('a browser without such a key is fine', () => {
  answerHeadphones({ read: () => /** @type {any} */ (BLANK), clock: { server_ms: 0 }, talk: () => {}, media: undefined });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { offerOf } from '../../../static/js/views/wake-sheet.js';

test('a button is there where it is of use', () => {
  assert.equal(offerOf('on'), 'no');
  for (const state of /** @type {const} */ (['off', 'dismissed', 'failed'])) assert.equal(offerOf(state), 'yes');
  for (const state of /** @type {const} */ (['', 'none', 'ios', 'server', 'denied'])) assert.equal(offerOf(state), '');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLossy, tally } from '../../static/js/wire/patience.js';

test('a clean path is heard as it is', () => {
  assert.equal(isLossy({ received: 0, missing: 0 }, { received: 150, missing: 1 }), false);
});

test('more than one packet in a hundred missing asks for patience', () => {
  assert.equal(isLossy({ received: 100, missing: 2 }, { received: 240, missing: 9 }), true);
});

test('silence between clips and a handful of packets tell nothing', () => {
  assert.equal(isLossy({ received: 100, missing: 2 }, { received: 100, missing: 2 }), false);
  assert.equal(isLossy({ received: 100, missing: 2 }, { received: 110, missing: 4 }), false);
});

test('what was asked for again counts as missing', () => {
  const stats = new Map([
    ['c', { type: 'codec' }],
    ['i', { type: 'inbound-rtp', packetsReceived: 90, packetsLost: 1, nackCount: 7 }],
  ]);
  assert.deepEqual(tally(/** @type {any} */ (stats)), { received: 90, missing: 7 });
  assert.deepEqual(tally(/** @type {any} */ (new Map())), { received: 0, missing: 0 });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Store } from '../../../static/js/lib/store.js';
import { recall, remember } from '../../../static/js/lib/storage.js';
import { FakeTimers } from '../support/timers.js';

test('many changes are told once, with the newest values', () => {
  const timers = new FakeTimers().install();
  Object.assign(globalThis, { document: { hidden: true } }); // hidden pages get no frames
  const store = new Store({ a: 0, b: 0 });
  /** @type {any[]} */
  const told = [];
  const stop = store.watch((model) => told.push(model));
  for (let a = 1; a <= 3; a += 1) store.set({ a });
  store.set({ b: 1 });
  assert.deepEqual([told, store.model], [[{ a: 0, b: 0 }], { a: 3, b: 1 }]);
  timers.step(0);
  assert.deepEqual(told.slice(1), [{ a: 3, b: 1 }]);
  stop();
  store.set({ a: 4 });
  timers.step(0);

  assert.equal(told.length, 2);
});

test('a page that is seen is told with its next frame', () => {
  /** @type {(() => void)[]} */
  const frames = [];
  Object.assign(globalThis, { document: { hidden: false }, requestAnimationFrame: (/** @type {() => void} */ act) => frames.push(act) });
  const store = new Store({ a: 0 });
  let told = 0;
  store.watch(() => (told += 1));
  store.set({ a: 1 });
  store.set({ a: 2 });
  assert.equal(frames.length, 1);
  frames[0]();

  assert.equal(told, 2);
});

test('a browser that remembers nothing is no trouble, and neither is what is damaged', () => {
  assert.equal(recall('pace', 1), 1);
  remember('pace', 2);
  const kept = new Map([['wonder.pace', '{broken']]);
  Object.assign(globalThis, { localStorage: { getItem: (/** @type {string} */ key) => kept.get(key) ?? null, setItem: kept.set.bind(kept) } });
  assert.equal(recall('pace', 1), 1);
  remember('pace', 2);
  assert.equal(recall('pace', 1), 2);
  assert.equal(recall('other', 'none'), 'none');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';

Object.assign(globalThis, { location: new URL('http://here/r/x') });
const { hasShareCard, shareCard } = await import('../../../static/js/views/share-card.js');

/** Share a card where the browser can do so much. @param {Record<string, any>} can @param {number|null} [ms] */
async function shared(can, ms = 310) {
  /** @type {any[]} */
  const told = [];
  const notices = { pass: (/** @type {any} */ notice) => told.push(notice), tell: (/** @type {any} */ notice) => told.push(notice) };
  Object.defineProperty(globalThis, 'navigator', { value: can, configurable: true });
  await shareCard(/** @type {any} */ ({ notices }), 'clip-1', ms);
  return told.map(({ code, values }) => [code, ...(values ? [values.url] : [])]);
}

test('a card goes to whoever the browser shares it with, with how fast one was', async () => {
  /** @type {any[]} */
  const sent = [];
  assert.deepEqual(await shared({ share: async (/** @type {any} */ what) => sent.push(what) }), [['card-shared']]);
  assert.equal(sent[0].url, 'http://here/c/clip-1/dare?ms=310');
  assert.deepEqual(await shared({ share: async (/** @type {any} */ what) => sent.push(what) }, -20), [['card-shared']]);
  assert.equal(sent[1].url, 'http://here/c/clip-1/dare');
});

test('who thinks better of it is told nothing; else the link is copied, or shown', async () => {
  const abort = Object.assign(new Error('no'), { name: 'AbortError' });
  const never = () => Promise.reject(abort);
  /** @type {string[]} */
  const copied = [];

  assert.deepEqual(await shared({ share: never }), []);
  assert.deepEqual(await shared({ clipboard: { writeText: async (/** @type {string} */ text) => copied.push(text) } }), [['card-copied']]);
  assert.deepEqual(copied, ['http://here/c/clip-1/dare?ms=310']);
  assert.deepEqual(await shared({}, null), [['card-link', 'http://here/c/clip-1/dare']]);
});

test('there is a card of what was said in a round, but not where nothing is shared', () => {
  const model = (/** @type {any} */ room) => /** @type {any} */ ({ room });

  assert.equal(hasShareCard(model({ shared: true }), { round: 'r' }), true);
  assert.equal(hasShareCard(model({}), { round: 'r' }), true);
  assert.equal(hasShareCard(model({ shared: false }), { round: 'r' }), false);
  assert.equal(hasShareCard(model({ shared: true }), { round: null }), false);
  assert.equal(hasShareCard(model({ shared: true }), undefined), false);
});

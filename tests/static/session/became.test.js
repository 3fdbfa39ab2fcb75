import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newsOf, tellBecame } from '../../../static/js/session/became.js';

/** @param {string} of @param {number} people @param {object} [more] @returns {any} */
const left = (of, people, more = {}) => ({ of, kind: 'answer', prompt: 'Moss', people, is_over: false, ...more });

test('a chain that is whole is the best news, then one that grew, then the answer with most others', () => {
  const answers = [left('p', 2), left('q', 5)];
  const chain = left('c', 1, { kind: 'chain' });
  const whole = left('w', 3, { kind: 'chain', is_over: true });

  assert.deepEqual(newsOf([chain, whole, ...answers], {}), { code: 'became-whole', values: { n: '3', prompt: 'Moss' } });
  assert.deepEqual(newsOf([chain, ...answers], {}), { code: 'became-chain', values: { n: '1', prompt: 'Moss' } });
  assert.deepEqual(newsOf(answers, {}), { code: 'became-answer', values: { n: '5', prompt: 'Moss' } });
});

test('what was told is no news, and of the rest only what is new counts', () => {
  assert.equal(newsOf([left('p', 2)], { p: 2 }), null);
  assert.equal(newsOf([], {}), null);
  assert.equal(newsOf([left('p', 6), left('q', 5)], { p: 5 })?.values.n, '5');
});

test('it is told once, and again when there is more', async () => {
  /** @type {Map<string, string>} */
  const kept = new Map();
  /** @type {any[]} */
  const told = [];
  let became = [left('p', 1)];
  Object.assign(globalThis, {
    localStorage: { getItem: (/** @type {string} */ key) => kept.get(key) ?? null, setItem: (/** @type {string} */ key, /** @type {string} */ value) => kept.set(key, value) },
    fetch: async () => ({ ok: true, json: async () => ({ became }) }),
  });
  const session = /** @type {any} */ ({ id: 'wonder', notices: { pass: (/** @type {any} */ notice) => told.push(notice.values.n) } });

  await tellBecame(session);
  await tellBecame(session);
  became = [left('p', 3)];
  await tellBecame(session);
  Object.assign(globalThis, { fetch: async () => ({ ok: false }) });
  await tellBecame(session);

  assert.deepEqual(told, ['1', '2']);
});

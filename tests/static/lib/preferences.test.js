import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

/** @type {Map<string, string>} */
const kept = new Map();
/** @type {(event: {key: string|null}) => void} */
let elsewhere = () => {};
let isFull = false;
/** @type {any} */ (globalThis).localStorage = {
  getItem: (/** @type {string} */ key) => kept.get(key) ?? null,
  setItem: (/** @type {string} */ key, /** @type {string} */ text) => {
    if (isFull) throw new Error('full');
    kept.set(key, text);
  },
};
/** @type {any} */ (globalThis).addEventListener = (/** @type {string} */ name, /** @type {typeof elsewhere} */ act) => name === 'storage' && (elsewhere = act);
const { all, DEFAULTS, get, set, subscribe } = await import('../../../static/js/lib/preferences.js');

beforeEach(() => {
  kept.clear();
  isFull = false;
  elsewhere({ key: null });
});

test('a visitor who set nothing has what fits most', () => {
  assert.deepEqual(all(), DEFAULTS);
  assert.equal(get('theme'), 'system');
});

test('what is set is kept under its name, and told', () => {
  /** @type {number[]} */
  const told = [];
  const stop = subscribe(({ volume }) => told.push(volume));
  set('volume', 0.25);
  stop();
  set('volume', 0.5);

  assert.deepEqual(told, [1, 0.25]);
  assert.equal(kept.get('wonder.volume'), '0.5');
});

test('what another tab sets is told too', () => {
  /** @type {string[]} */
  const told = [];
  const stop = subscribe(({ theme }) => told.push(theme));
  kept.set('wonder.theme', '"light"');
  elsewhere({ key: 'wonder.theme' });
  elsewhere({ key: 'of another program' });
  stop();

  assert.deepEqual(told, ['system', 'light']);
});

test('what cannot be is neither taken nor believed', () => {
  for (const text of ['"mauve"', '7', 'null', '{', '[]']) {
    kept.set('wonder.theme', text);
    kept.set('wonder.volume', text);
    elsewhere({ key: 'wonder.theme' });
    assert.equal(get('theme'), 'system', text);
    assert.equal(get('volume'), 1, text);
  }
  set('volume', 2);
  set('theme', /** @type {any} */ ('mauve'));
  set('sounds', /** @type {any} */ ('no'));
  assert.deepEqual([get('volume'), get('theme'), get('sounds')], [1, 'system', true]);
});

test('where nothing can be kept, it holds until the page goes', () => {
  isFull = true;
  set('sounds', false);

  assert.equal(get('sounds'), false);
});

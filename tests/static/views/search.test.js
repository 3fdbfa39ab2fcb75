import assert from 'node:assert/strict';
import { test } from 'node:test';
import { t } from '../../../static/js/lib/text.js';
import { search, whyNoCaptions } from '../../../static/js/wire/search.js';
import { FakeTimers } from '../support/timers.js';
import '../support/visit.js';

const { Finder } = await import('../../../static/js/views/search-sheet.js');

/** @param {string} text */
const hit = (text) => ({ seq: 1, text, at_ms: 5, by: null });

/** A finder whose answers the test gives, in whatever order. */
function finder() {
  /** @type {{query: string, resolve: (hits: any[]) => void, reject: (why: unknown) => void}[]} */
  const asked = [];
  /** @type {[string[], string][]} */
  const shown = [];
  const find = (/** @type {string} */ _room, /** @type {string} */ query) => new Promise((resolve, reject) => asked.push({ query, resolve, reject }));
  return { asked, shown, made: new Finder('x', (hits, words) => shown.push([hits.map(({ text }) => text), words]), /** @type {any} */ (find)) };
}

test('hits are shown with how many they are, and nothing found is said', async () => {
  const { asked, shown, made } = finder();
  const first = made.ask(' rain ');
  assert.equal(asked[0].query, 'rain');
  asked[0].resolve([hit('rain one'), hit('rain two')]);
  await first;
  const second = made.ask('nothing');
  asked[1].resolve([]);
  await second;

  assert.deepEqual(shown, [[['rain one', 'rain two'], t('search.found.other', { n: 2 })], [[], t('search.none')]]);
});

test('only the newest answer counts, in whatever order they come', async () => {
  const { asked, shown, made } = finder();
  const old = made.ask('ra');
  const fresh = made.ask('rain');
  asked[1].resolve([hit('rain')]);
  await fresh;
  asked[0].resolve([hit('radish')]);
  await old;

  assert.deepEqual(shown.map(([hits]) => hits), [['rain']]);
});

test('without a letter nothing is asked, and a refusal is told in words', async () => {
  const { asked, shown, made } = finder();
  await made.ask(' ! ');
  assert.deepEqual([asked.length, shown.at(-1)?.[1]], [0, t('search.about')]);
  const refused = made.ask('rain');
  asked[0].reject({ code: 'too_fast', message: 'Slowly.' });
  await refused;
  assert.ok((shown.at(-1)?.[1] ?? '').length > 3);
});

test('it asks when nobody types any more, and never after it was closed', async () => {
  const timers = new FakeTimers().install();
  const { asked, made } = finder();
  for (const typed of ['r', 'ra', 'rai']) made.typed(typed);
  assert.equal(asked.length, 0);
  timers.run(300);
  assert.deepEqual(asked.map(({ query }) => query), ['rai']);
  made.typed('rain');
  made.stop();
  timers.run(300);
  assert.equal(asked.length, 1);
});

test('the server is asked with the words as they are', async () => {
  /** @type {string[]} */
  const asked = [];
  const real = globalThis.fetch;
  globalThis.fetch = /** @type {any} */ (async (/** @type {string} */ url) => {
    asked.push(url);
    return new Response(JSON.stringify({ hits: [hit('a & b')] }));
  });
  try {
    assert.deepEqual((await search('r/1', 'a & b')).map(({ text }) => text), ['a & b']);
  } finally {
    globalThis.fetch = real;
  }
  assert.deepEqual(asked, ['/api/rooms/r%2F1/search?q=a+%26+b&limit=30']);
});

test('why there are no captions is said in a sentence of the server, or not at all', async () => {
  const real = globalThis.fetch;
  const told = async (/** @type {() => Response} */ answer) => {
    globalThis.fetch = /** @type {any} */ (async () => answer());
    return whyNoCaptions();
  };
  try {
    assert.equal(await told(() => new Response('{"status": "ready", "captions_off": "It has no model."}')), 'It has no model.');
    assert.equal(await told(() => new Response('{"status": "ready"}')), '');
    assert.equal(await told(() => new Response('<html>')), '');
  } finally {
    globalThis.fetch = real;
  }
});

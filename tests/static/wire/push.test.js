import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { keep } from '../../../static/js/wire/key.js';
import { letMeSleep, pushOf, wakeMe } from '../../../static/js/wire/push.js';

const real = globalThis.fetch;
afterEach(() => {
  globalThis.fetch = real;
});

test('a subscription is sent with its language, by whoever has no cookie with the key', async () => {
  /** @type {any[]} */
  const asked = [];
  globalThis.fetch = async (path, options = {}) => {
    asked.push([options.method, path, options.headers, options.body && JSON.parse(String(options.body))]);
    return options.method === 'GET' ? Response.json({ key: 'k', on: true }) : new Response(null, { status: 204 });
  };
  assert.deepEqual(await pushOf('a b'), { key: 'k', on: true });
  keep('visitor');
  await wakeMe('r', { endpoint: 'https://push.example/1', expirationTime: null, keys: { auth: 'a' } }, 'de');
  await letMeSleep('r');

  const Authorization = 'Bearer visitor';
  assert.deepEqual(asked, [
    ['GET', '/api/rooms/a%20b/push', {}, undefined],
    ['POST', '/api/rooms/r/push', { Authorization, 'Content-Type': 'application/json' },
      { endpoint: 'https://push.example/1', expirationTime: null, keys: { auth: 'a' }, language: 'de' }],
    ['DELETE', '/api/rooms/r/push', { Authorization }, undefined],
  ]);
});

test('what the server refuses is thrown', async () => {
  globalThis.fetch = async () => Response.json({ code: 'no_push', detail: 'This server wakes nobody.' }, { status: 404, headers: { 'Content-Type': 'application/problem+json' } });
  await assert.rejects(letMeSleep('r'), { code: 'no_push' });
});

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { changeRoom, hooksOf, makeHook, removeHook } from '../../../static/js/wire/own-room.js';
import { Refused } from '../../../static/js/wire/protocol.js';

const real = globalThis.fetch;
/** @type {[string, string, any][]} */
let asked = [];

/** Answer every request the same. @param {any} body @param {number} [status] */
function answering(body, status = 200) {
  asked = [];
  globalThis.fetch = async (path, options = {}) => {
    asked.push([options.method ?? 'GET', String(path), options.body ? JSON.parse(String(options.body)) : null]);
    const type = status < 400 ? 'application/json' : 'application/problem+json';
    return new Response(body === null ? null : JSON.stringify(body), { status, headers: { 'Content-Type': type } });
  };
}

afterEach(() => {
  globalThis.fetch = real;
});

test('a character is asked for as every other setting of a room', async () => {
  answering({});
  await changeRoom('a b', { character: 'none' });

  assert.deepEqual(asked, [['PATCH', '/api/rooms/a%20b', { character: 'none' }]]);
});

test('a hook is made, listed and taken away', async () => {
  answering({ hook: 'secret', url: 'https://x.test/api/rooms/r/hooks/secret' }, 201);
  assert.equal(await makeHook('r'), 'https://x.test/api/rooms/r/hooks/secret');
  assert.deepEqual(asked, [['POST', '/api/rooms/r/hooks', null]]);

  const hooks = [{ id: 'h', voice: { id: 'v', name: 'Tin Whistle', colour: '#fff', machine: true }, made_at_ms: 1 }];
  answering({ hooks });
  assert.deepEqual(await hooksOf('r'), hooks);

  answering(null, 204);
  await removeHook('r', 'h');
  assert.deepEqual(asked, [['DELETE', '/api/rooms/r/hooks/h', null]]);
});

test('what is refused is thrown with its code', async () => {
  answering({ code: 'no_such_hook', detail: 'gone' }, 404);
  const refused = (/** @type {unknown} */ why) => why instanceof Refused && why.code === 'no_such_hook';

  await assert.rejects(removeHook('r', 'h'), refused);
  await assert.rejects(hooksOf('r'), refused);
  await assert.rejects(makeHook('r'), refused);
});

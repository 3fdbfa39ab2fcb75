import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { Admin } from '../../../static/js/wire/admin.js';
import { Refused } from '../../../static/js/wire/protocol.js';

const real = globalThis.fetch;
/** @type {{path: string, method: string, token: string|null, type: string|null, told: any}[]} */
let asked = [];

/** Answer every request the same. @param {any} body @param {{status?: number, headers?: Record<string, string>}} [how] */
function answering(body, { status = 200, headers = {} } = {}) {
  asked = [];
  globalThis.fetch = async (path, options = {}) => {
    const sent = new Headers(options.headers);
    asked.push({
      path: String(path),
      method: options.method ?? 'GET',
      token: sent.get('Authorization'),
      type: sent.get('Content-Type'),
      told: options.body ? JSON.parse(String(options.body)) : null,
    });
    return new Response(body instanceof Blob ? body : JSON.stringify(body), { status, headers });
  };
}

afterEach(() => {
  globalThis.fetch = real;
});

test('the token goes along as a bearer, and stands in no address', async () => {
  answering({ reports: [], acts: [], changed: true });
  const admin = new Admin('secret');
  await admin.reports();
  await admin.acts();
  await admin.decide('room.clip', 'keep', '');
  await admin.act('room', 'lock', '');
  assert.deepEqual(asked.map(({ token }) => token), Array(4).fill('Bearer secret'));
  assert.equal(asked.some(({ path }) => path.includes('secret')), false);
});

test('lists are what the server has in them', async () => {
  answering({ reports: [{ id: 'room.clip' }] });
  assert.deepEqual(await new Admin('t').reports(), [{ id: 'room.clip' }]);
  answering({ acts: [{ action: 'lock' }] });
  assert.deepEqual(await new Admin('t').acts(), [{ action: 'lock' }]);
});

test('a decision and an act say what, to what, and why', async () => {
  answering({ changed: true });
  const admin = new Admin('t');
  await admin.decide('room.clip', 'remove', 'third time');
  await admin.act('room', 'unmute', 'voice', 'sorry');
  await admin.act('room', 'close', '');
  assert.deepEqual(
    asked.map(({ path, method, type, told }) => [path, method, type, told]),
    [
      ['/api/admin/reports/room.clip', 'POST', 'application/json', { decision: 'remove', note: 'third time' }],
      ['/api/admin/rooms/room/acts', 'POST', 'application/json', { action: 'unmute', target: 'voice', note: 'sorry' }],
      ['/api/admin/rooms/room/acts', 'POST', 'application/json', { action: 'close', target: '', note: '' }],
    ],
  );
});

test('a sound is fetched with the token, for a player cannot bring one', async () => {
  answering(new Blob(['OggS']));
  const blob = await new Admin('t').sound('/api/clips/clip.ogg');
  assert.equal(await blob.text(), 'OggS');
  assert.deepEqual([asked[0].path, asked[0].token], ['/api/clips/clip.ogg', 'Bearer t']);
});

test('what is refused says why', async () => {
  answering({ code: 'not_allowed', detail: 'This is for the admin.' }, { status: 403 });
  await assert.rejects(new Admin('wrong').reports(), (/** @type {any} */ why) => {
    assert.ok(why instanceof Refused);
    assert.deepEqual([why.code, why.message], ['not_allowed', 'This is for the admin.']);
    return true;
  });
});

test('what is too much says when to come back', async () => {
  answering({ code: 'too_fast', detail: 'That was a lot.' }, { status: 429, headers: { 'Retry-After': '3' } });
  await assert.rejects(new Admin('t').act('room', 'lock', ''), (/** @type {any} */ why) => why.retryAfterMs === 3_000);
});

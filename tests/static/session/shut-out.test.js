import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settled, Visit } from '../support/visit.js';

/** A page whose sockets fail, and whose question is answered so. @param {number} status @param {object} problem */
function shutOut(status, problem) {
  const visit = new Visit({ query: 'rtc=off' });
  /** @type {any[]} */
  const asked = [];
  const fetch = async (/** @type {string} */ url, /** @type {any} */ { method }) => (
    asked.push([method, url]), status === 204 ? new Response(null, { status }) : Response.json(problem, { status }));
  Object.assign(globalThis, { fetch });
  visit.session.open();
  const fail = async () => {
    while (visit.socket.readyState !== 0) await visit.pass(100, false);
    await visit.lose();
    await settled();
    await visit.pass(100, false);
  };
  return { visit, asked, fail, notices: () => visit.model.notices.map(({ code, values }) => [code, values?.why]) };
}

test('a page that its server does not know as its own says so, and what can mend it', async () => {
  const { asked, fail, notices } = shutOut(403, { code: 'wrong_origin', detail: 'Set --public-url.' });

  await fail();
  await fail();

  assert.deepEqual(asked, [['OPTIONS', 'http://here/api/rooms/x/ws']]);
  assert.deepEqual(notices(), [['misplaced', 'Set --public-url.']]);
  await fail(); // it goes on saying so while it goes on trying
  assert.deepEqual(notices(), [['misplaced', 'Set --public-url.']]);
});

for (const [status, code, notice] of /** @type {[number, string, string][]} */ ([
  [503, 'busy', 'full'], [429, 'too_fast', 'full'], [503, 'draining', 'restarting'], [404, 'no_such_room', 'gone'],
  [502, '', 'reconnecting'], [204, '', 'reconnecting'],
])) {
  test(`a page that is answered ${status} ${code} says ${notice}`, async () => {
    const { fail, notices } = shutOut(status, { code, detail: '' });

    await fail();
    await fail();

    assert.equal(notices().at(-1)?.[0], notice);
  });
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Inbox } from '../../static/js/stage/inbox.js';
import { BLANK, noticed, unnoticed } from '../../static/js/stage/model.js';

/** A page whose sockets fail, and whose question is answered so. @param {import('node:test').TestContext} context @param {number} status @param {object} problem */
function shutOut(context, status, problem) {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  Object.assign(globalThis, { location: { href: 'https://wonder.example/r/wonder' } });
  /** @type {any[]} */
  const asked = [];
  globalThis.fetch = /** @type {any} */ (async (/** @type {string} */ url, /** @type {any} */ { method }) => (
    asked.push([method, url]), status === 204 ? new Response(null, { status }) : Response.json(problem, { status })));
  /** @type {any} */
  const session = {
    id: 'wonder',
    model: { ...BLANK },
    set: (/** @type {object} */ changes) => Object.assign(session.model, changes),
    notice: (/** @type {any} */ one) => session.set({ notices: noticed(session.model.notices, one) }),
    clear: (/** @type {string[]} */ ...codes) => session.set({ notices: unnoticed(session.model.notices, ...codes) }),
    speaker: { ended: () => {} },
    turns: { plan: () => {} },
  };
  const inbox = new Inbox(session);
  const fail = async () => {
    inbox.status('closed', 1006);
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    await new Promise((done) => setImmediate(done));
    context.mock.timers.tick(2_000);
  };
  return { asked, fail, notices: () => session.model.notices.map((/** @type {any} */ one) => [one.code, one.values?.why]) };
}

test('a page that its server does not know as its own says so, and what can mend it', async (context) => {
  const { asked, fail, notices } = shutOut(context, 403, { code: 'wrong_origin', detail: 'Set --public-url.' });

  await fail();
  await fail();

  assert.deepEqual(asked, [['OPTIONS', 'https://wonder.example/api/rooms/wonder/ws']]);
  assert.deepEqual(notices(), [['misplaced', 'Set --public-url.']]);
  await fail(); // it goes on saying so while it goes on trying
  assert.deepEqual(notices(), [['misplaced', 'Set --public-url.']]);
});

for (const [status, code, notice] of /** @type {[number, string, string][]} */ ([
  [503, 'busy', 'full'], [429, 'too_fast', 'full'], [503, 'draining', 'restarting'], [404, 'no_such_room', 'gone'],
  [502, '', 'reconnecting'], [204, '', 'reconnecting'],
])) {
  test(`a page that is answered ${status} ${code} says ${notice}`, async (context) => {
    const { fail, notices } = shutOut(context, status, { code, detail: '' });

    await fail();
    await fail();

    assert.equal(notices().at(-1)[0], notice);
  });
}

/** What the room refuses is said in the visitor's language, once and the same wherever it is asked. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { learn, refusal } from '../../../static/js/lib/text.js';

const ROOT = new URL('../../../', import.meta.url);
const source = (/** @type {string} */ path) => readFileSync(new URL(path, ROOT), 'utf8');
// What the server says better: in the room's language, or to programs only.
const ITS_OWN = new Set(['bad_value', 'filtered', 'not_an_emoji', 'room_exists']);
const PARTS = ['', 'lobby.', 'play.', 'own.'];

/** The codes that the rules of a room refuse with. */
function codes() {
  const files = readdirSync(new URL('server/room/', ROOT)).filter((name) => name.endsWith('.py'));
  const found = files.flatMap((name) => [...source(`server/room/${name}`).matchAll(/Refused\(\s*"([a-z_]+)"/g)].map(([, code]) => code));
  return [...new Set(found)].filter((code) => !ITS_OWN.has(code));
}

for (const language of ['en', 'de']) {
  test(`every refusal of a room has one sentence: ${language}`, () => {
    const said = PARTS.flatMap((part) => [...source(`static/js/lib/text.${part}${language}.js`).matchAll(/'refused\.([a-z_]+)'/g)].map(([, code]) => code));

    assert.ok(codes().includes('not_a_player'));
    assert.deepEqual(codes().filter((code) => !said.includes(code)), []);
    assert.deepEqual(said.filter((code, at) => said.indexOf(code) !== at), []);
  });
}

test('a refusal without a sentence says what the server said', async () => {
  assert.equal(refusal({ code: 'slow', message: 'x' }), 'This room is slow for now. Wait a moment.');
  assert.equal(refusal({ code: 'bad_value', message: 'Mute somebody else.' }), 'Mute somebody else.');
  assert.equal(refusal({ code: 'unheard_of' }), 'That did not work.');
  assert.match(refusal({ code: 'not_a_player' }), /^refused|^That did not work/);
  await learn('play');
  assert.equal(refusal({ code: 'not_a_player' }), 'Only those who play can end a round, or have another.');
});

test('what nobody answers is said in the visitor\'s words, not in the browser\'s', () => {
  assert.equal(refusal(new TypeError('Failed to fetch')), 'Not connected right now.');
});

/** What is refused is said in the visitor's language, once and the same wherever it is asked. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { hasRefusal, learn, refusal } from '../../../static/js/lib/text.js';

const ROOT = new URL('../../../', import.meta.url);
const source = (/** @type {string} */ path) => readFileSync(new URL(path, ROOT), 'utf8');
const PARTS = ['', 'lobby.', 'play.', 'own.', 'refused.'];
// What no page of ours does wrong: only programs are told, in English.
const OF_PROGRAMS = new Set([
  'bad_request', 'bad_json', 'bad_query', 'bad_offer', 'no_key', 'bad_key', 'wrong_origin', 'no_such_page', 'method_not_allowed', 'too_slow',
  'stale', 'wrong_type', 'bad_range', 'no_restart', 'upgrade_needed', 'internal', 'draining', 'id_used',
]);

/** All codes that the server refuses with: those of its table, and those that the rules of a room have. */
function codes() {
  const files = readdirSync(new URL('server/room/', ROOT)).filter((name) => name.endsWith('.py'));
  const rules = files.flatMap((name) => [...source(`server/room/${name}`).matchAll(/Refused\(\s*"([a-z_]+)"/g)].map(([, code]) => code));
  const table = [...source('server/http/problems.py').matchAll(/^    "([a-z_]+)": \d{3},$/gm)].map(([, code]) => code);
  return [...new Set([...rules, ...table])].filter((code) => !OF_PROGRAMS.has(code));
}

for (const language of ['en', 'de']) {
  test(`everything that may be refused has one sentence: ${language}`, () => {
    const said = PARTS.flatMap((part) => [...source(`static/js/lib/text.${part}${language}.js`).matchAll(/'refused\.([a-z_]+)'/g)].map(([, code]) => code));

    assert.ok(codes().includes('not_a_player') && codes().includes('busy') && codes().length > 40);
    assert.deepEqual(codes().filter((code) => !said.includes(code)), []);
    assert.deepEqual(said.filter((code, at) => said.indexOf(code) !== at), []);
  });
}

test('what is seldom refused is learnt when it is, and what has no sentence is what the server said', async () => {
  assert.equal(refusal({ code: 'slow', message: 'x' }), 'This room is slow for now. Wait a moment.');
  assert.equal(refusal({ code: 'unheard_of', message: 'A newer server.' }), 'A newer server.');
  assert.equal(refusal({ code: 'unheard_of' }), 'That did not work.');
  assert.equal(hasRefusal('not_a_player'), false);
  await learn('refused');
  assert.equal(refusal({ code: 'not_a_player', message: 'x' }), 'Only those who play can end a round, or have another.');
  assert.equal(refusal({ code: 'bad_value', message: 'Mute somebody else.' }), 'Mute somebody else.');
  assert.equal(refusal({ code: 'bad_value' }), 'The room cannot make sense of that.');
});

test('who reads German is never told in English', async () => {
  const known = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  Object.defineProperty(globalThis, 'navigator', { value: { languages: ['de-AT'] }, configurable: true });
  const german = /** @type {typeof import('../../../static/js/lib/text.js')} */ (await import(`../../../static/js/lib/text.js${'?german'}`));
  if (known) Object.defineProperty(globalThis, 'navigator', known);
  await german.learn('refused');

  assert.equal(german.refusal({ code: 'bad_value', message: 'Mute somebody else.' }), 'Damit kann der Raum nichts anfangen.');
  assert.equal(german.refusal({ code: 'unheard_of', message: 'A newer server.' }), 'Das hat nicht geklappt.');
  for (const code of codes()) assert.notEqual(german.refusal({ code, message: 'English' }), 'English', code);
});

test('what nobody answers is said in the visitor\'s words, not in the browser\'s', () => {
  assert.equal(refusal(new TypeError('Failed to fetch')), 'Not connected right now.');
});

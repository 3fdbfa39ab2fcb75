/** The words of the admin's page: whatever the server calls an act has a name in both languages. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import de from '../../static/js/lib/text.moderate.de.js';
import deHeld from '../../static/js/lib/text.held.de.js';
import enHeld from '../../static/js/lib/text.held.en.js';
import en from '../../static/js/lib/text.moderate.en.js';

const source = (/** @type {string} */ path) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const governing = source('server/room/governing.py');
const named = governing.slice(governing.indexOf('def _named('), governing.indexOf('def facts('));
const acts = [...named.matchAll(/"([a-z_]+)"/g)].map(([, name]) => name);

test('every act that the server notes has words', () => {
  assert.ok(acts.includes('mute_network') && acts.includes('close'), acts.join());
  for (const words of [en, de]) {
    for (const act of acts) assert.ok(`moderate.did.${act.replace('_', '-')}` in words, act);
  }
});

test('every act that the page asks for, or takes back, is one that the server knows', () => {
  const [, actions] = /ACTIONS = \(\n([^)]+)\)/.exec(source('server/web/admin.py')) ?? [];
  const known = [...(actions ?? '').matchAll(/"([a-z_]+)"/g)].map(([, name]) => name);
  const page = source('static/js/views/moderation.js');
  const asked = [...page.matchAll(/(?:decide|inRoom)\('([a-z_]+)'\)/g)].map(([, name]) => name);

  assert.ok(asked.length >= 5, asked.join());
  assert.deepEqual(asked.filter((name) => !known.includes(name)), []);
});

test('every filter that may hold a clip has words', () => {
  const [, filters] = /Filter = Literal\[([^\]]+)\]/.exec(source('server/room/kinds.py')) ?? [];
  const names = [...(filters ?? '').matchAll(/"([a-z]+)"/g)].map(([, name]) => name);

  assert.ok(names.includes('contacts'), names.join());
  for (const words of [en, de]) assert.deepEqual(names.filter((name) => !(`moderate.held.${name}` in words)), []);
  for (const words of [enHeld, deHeld]) assert.deepEqual(names.filter((name) => !(`held.${name}` in words)), []);
});

test('every reason that a report may have has words', () => {
  const [, offered] = /REASONS = \[([^\]]+)\]/.exec(source('static/js/views/clip-actions.js')) ?? [];
  const reasons = [...(offered ?? '').matchAll(/'([a-z]+)'/g)].map(([, name]) => name);

  assert.ok(reasons.includes('hate'), reasons.join());
  for (const words of [en, de]) assert.deepEqual(reasons.filter((name) => !(`moderate.reason.${name}` in words)), []);
});

/** The arrows of the page point down only: the table of docs/architecture.md, held against every import. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { imports, STATIC, text } from './support/graph.js';

/** What each part may import beside its own files. @type {Record<string, string[]>} */
const MAY_KNOW = {
  lib: [],
  wire: ['lib'],
  room: ['lib'],
  audio: ['lib', 'wire', 'room'],
  session: ['lib', 'wire', 'room', 'audio'],
  views: ['lib', 'wire', 'room', 'audio', 'session'],
  entry: ['lib', 'wire', 'room', 'audio', 'session', 'views'],
};
const DOCS = new URL('../../docs/architecture.md', import.meta.url);
const scripts = readdirSync(STATIC, { recursive: true, encoding: 'utf8' }).filter((path) => /^js\/.*\.js$/.test(path)).sort();

/** The part that a module belongs to. @param {string} path */
function partOf(path) {
  const folders = path.split('/');
  return folders.length === 2 ? 'entry' : folders[1];
}

/** The imports of a module that the table does not allow. @param {string} path @param {string} [code] */
function forbidden(path, code) {
  const part = partOf(path);
  return imports(path, code).filter((to) => partOf(to) !== part && !MAY_KNOW[part]?.includes(partOf(to))).map((to) => `${path} -> ${to}`);
}

/** The ways from a module back to itself by imports that are made at once. @returns {string[][]} */
function circles() {
  /** @type {string[][]} */
  const found = [];
  const done = new Set();
  const walk = (/** @type {string} */ path, /** @type {string[]} */ way) => {
    if (way.includes(path)) return void found.push([...way.slice(way.indexOf(path)), path]);
    if (done.has(path)) return;
    for (const to of imports(path)) if (existsSync(resolve(STATIC, to))) walk(to, [...way, path]);
    done.add(path);
  };
  for (const path of scripts) walk(path, []);
  return found;
}

test('every import of the page is one that the table allows', () => {
  assert.ok(scripts.length > 80);
  assert.deepEqual(scripts.flatMap((path) => forbidden(path)), []);
});

test('every folder of the page has its place in the table, and the docs have the same table', () => {
  assert.deepEqual([...new Set(scripts.map(partOf))].sort(), Object.keys(MAY_KNOW).sort());
  const [, table] = /\n\| in `static\/js` \| may know \|\n\|---\|---\|\n((?:\|.*\n)+)/.exec(readFileSync(DOCS, 'utf8')) ?? [];
  const rows = (table ?? '').trim().split('\n').map((row) => [...row.matchAll(/`(\w+)`/g)].map(([, name]) => name));

  assert.deepEqual(Object.fromEntries(rows.map(([part, ...known]) => [part, known])), MAY_KNOW);
});

test('no module needs itself in the end, later ones counted', () => {
  assert.deepEqual(circles(), []);
});

test('an arrow up or across is seen, in whatever form, and a type in a comment is none', () => {
  for (const code of ["import { View } from '../views/view.js';", "import '../views/view.js';", "export { View } from '../views/view.js';",
    "import {\n  View,\n} from '../views/view.js';", "const late = () => import('../views/view.js');", 'import(`../views/view.js`);']) {
    assert.deepEqual(forbidden('js/session/x.js', code), ['js/session/x.js -> js/views/view.js'], code);
  }
  assert.deepEqual(forbidden('js/room/x.js', "import { a } from '../wire/key.js';"), ['js/room/x.js -> js/wire/key.js']);
  assert.deepEqual(forbidden('js/room/x.js', "/** @typedef {import('../wire/key.js').A} A */\n// import('../wire/key.js')"), []);
});

test('the wire knows no document, the room neither document nor time nor chance', () => {
  for (const path of scripts.filter((one) => partOf(one) === 'wire')) assert.doesNotMatch(text(path), /\bdocument\b/, path);
  for (const path of scripts.filter((one) => partOf(one) === 'room')) {
    assert.doesNotMatch(text(path), /\b(document\.|window\.|fetch\(|setTimeout\(|Date\.now|Math\.random|performance\.)/, path);
  }
});

test('what the parts of a session write is theirs alone, and together they write the whole model', async () => {
  const { BLANK } = await import('../../static/js/session/model.js');
  const parts = scripts.filter((path) => partOf(path) === 'session');
  const owned = parts.flatMap((path) => [...text(path).matchAll(/Setter<([^>]+)>/g)].flatMap(([, fields]) => [...fields.matchAll(/'(\w+)'/g)].map(([, field]) => field)));

  assert.deepEqual(owned.sort(), Object.keys(BLANK).sort());
  assert.deepEqual(scripts.filter((path) => /\bstore\.set\(/.test(text(path))), ['js/session/session.js']);
});

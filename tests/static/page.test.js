import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import deRoom from '../../static/js/lib/text.de.js';
import deLobby from '../../static/js/lib/text.lobby.de.js';
import deOwn from '../../static/js/lib/text.own.de.js';
import dePlay from '../../static/js/lib/text.play.de.js';
import enRoom from '../../static/js/lib/text.en.js';
import enLobby from '../../static/js/lib/text.lobby.en.js';
import enOwn from '../../static/js/lib/text.own.en.js';
import deModerate from '../../static/js/lib/text.moderate.de.js';
import deRefused from '../../static/js/lib/text.refused.de.js';
import deHeld from '../../static/js/lib/text.held.de.js';
import enHeld from '../../static/js/lib/text.held.en.js';
import deEvening from '../../static/js/lib/text.evening.de.js';
import enEvening from '../../static/js/lib/text.evening.en.js';
import deSearch from '../../static/js/lib/text.search.de.js';
import enSearch from '../../static/js/lib/text.search.en.js';
import deScreen from '../../static/js/lib/text.screen.de.js';
import enPlay from '../../static/js/lib/text.play.en.js';
import enModerate from '../../static/js/lib/text.moderate.en.js';
import enRefused from '../../static/js/lib/text.refused.en.js';
import enScreen from '../../static/js/lib/text.screen.en.js';
import deWake from '../../static/js/lib/text.wake.de.js';
import enWake from '../../static/js/lib/text.wake.en.js';
import { chosen } from '../../static/js/lib/text.js';
import { linesOf } from '../../static/js/views/chat-lines.js';
import { graph, later, PAGES, preloads, STATIC, text } from './support/graph.js';

const en = { ...enRoom, ...enLobby, ...enOwn, ...enPlay, ...enScreen, ...enModerate, ...enRefused, ...enSearch, ...enHeld, ...enEvening, ...enWake };
const de = { ...deRoom, ...deLobby, ...deOwn, ...dePlay, ...deScreen, ...deModerate, ...deRefused, ...deSearch, ...deHeld, ...deEvening, ...deWake };
const files = readdirSync(STATIC, { recursive: true, encoding: 'utf8' });
const scripts = files.filter((path) => path.endsWith('.js'));
const all = scripts.map(text).join('\n');

for (const [page, entry] of Object.entries(PAGES)) {
  test(`${page} preloads exactly the modules it needs`, () => {
    assert.deepEqual(preloads(page), graph(entry));
  });

  test(`${page} has no inline script or style, and nothing of other sites`, () => {
    assert.doesNotMatch(text(page), /<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|https?:|\/\/[a-z]/);
  });
}

test('every module is needed by a page, at once or later', () => {
  const words = scripts.filter((path) => path.startsWith('js/lib/text.')); // fetched by language; `away.js` and `clip.js` are of pages that the server writes
  const needed = new Set(['js/away.js', 'js/clip.js', ...words, ...Object.values(PAGES).flatMap((entry) => [entry, ...graph(entry), ...later(entry)])]);

  assert.deepEqual(scripts.filter((path) => path.startsWith('js/') && !needed.has(path)), []);
});

test('nothing is ever put in as markup', () => {
  assert.doesNotMatch(all, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|setAttribute\('style'/);
});

test('German says all that English says, with the same values', () => {
  const values = (/** @type {string} */ words) => (words.match(/\{\w+\}/g) ?? []).sort();

  assert.deepEqual(Object.keys(de).sort(), Object.keys(en).sort());
  for (const [key, words] of Object.entries(en)) {
    assert.deepEqual(values(/** @type {Record<string, string>} */ (de)[key]), values(words), key);
  }
});

test('every text that is asked for is there, and every text is asked for', () => {
  const html = Object.keys(PAGES).map(text).join('');
  const code = scripts.filter((path) => !/\.(en|de)\.js$/.test(path)).map(text).join('\n');
  const asked = [...code.matchAll(/'([a-z]+(?:[.-][a-z-]+)*)'/g), ...html.matchAll(/data-text="([^"]+)"/g)].map(([, key]) => key);
  const plain = [...all.matchAll(/\bt\('([^']+)'/g)].map(([, key]) => key);
  const begun = [...code.matchAll(/[`']([a-z.-]+\.)\$\{/g)].map(([, start]) => start);

  assert.deepEqual(plain.filter((key) => !(key in en)), []);
  const unused = Object.keys(en).filter((key) => !asked.includes(key) && !asked.includes(key.replace('.', '-')) && !asked.includes(key.replace(/\.(one|other)$/, ''))
    && !begun.some((start) => key.startsWith(start)));
  assert.deepEqual(unused, []);
});

test('the language is the first that we speak', () => {
  assert.equal(chosen(['fr-FR', 'de-AT', 'en']), 'de');
  assert.equal(chosen(['fr']), 'en');
  assert.equal(chosen([]), 'en');
});

test('the page knows no game by its name: the server tells what is special about it', () => {
  const GAMES = new URL('../../games/', import.meta.url);
  const ids = readdirSync(GAMES).filter((file) => file.endsWith('.py'))
    .flatMap((file) => [...readFileSync(new URL(file, GAMES), 'utf8').matchAll(/^    id = "(\w+)"$/gm)].map(([, id]) => id));
  const code = scripts.map((path) => text(path)).join('\n').replace(/\bclass: '[^']*'/g, '');
  const kinds = /\bkind\b[^=!\n]{0,3}[=!]== '|\bgame\b[^=!\n]{0,3}[=!]== '|new Set\(\['(?:wonder|arena|healing|local)'/;

  assert.ok(ids.length >= 28, String(ids));
  assert.deepEqual(ids.filter((id) => new RegExp(`['"\`]${id}['"\`]`).test(code)), []);
  assert.doesNotMatch(scripts.filter((path) => path.startsWith('js/views/')).map(text).join('\n'), kinds);
});

test('views write nothing into the model: they ask the session', () => {
  const views = scripts.filter((path) => path.startsWith('js/views/')).map(text).join('\n');

  assert.doesNotMatch(views, /\bsession\.set\(|\bstore\.set\(|\bmodel\.\w+(?:\.\w+)* = /);
});

test('worklets import nothing, for they load on the audio thread', () => {
  for (const path of scripts.filter((one) => one.startsWith('worklets/'))) assert.doesNotMatch(text(path), /\bimport\b\s*[('"{*]/);
});

test('a line of a log that was restored is another than the one that had its number', () => {
  const by = { id: 'v', name: 'Voice', colour: '#fff' };
  const keyOf = (/** @type {number} */ at_ms) => {
    const texts = new Map([[3, { seq: 3, by, at_ms, text: 'x' }]]);
    return linesOf(/** @type {any} */ ({ state: { texts, rolls: new Map(), withheld: new Map() }, pending: [], hidden: [], me: by }))[0].key;
  };
  assert.notEqual(keyOf(1), keyOf(2));
  assert.equal(keyOf(1), keyOf(1));
});

test('there are at least 0.6 lines of tests for each line of the page, blank lines and comments left out', () => {
  const TESTS = fileURLToPath(new URL('.', import.meta.url));
  const lines = (/** @type {string} */ folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.js'))
    .flatMap((path) => readFileSync(`${folder}/${path}`, 'utf8').replace(/\/\*[^]*?\*\//g, '').split('\n'))
    .filter((line) => line.trim() && !line.trim().startsWith('//')).length;

  const [tested, code] = [lines(TESTS), lines(`${STATIC}/js`)];

  console.log(`${tested} lines of tests, ${code} of the page: ${(tested / code).toFixed(2)}`);
  assert.ok(tested >= 0.6 * code, `${tested} lines of tests, ${code} of the page`);
});

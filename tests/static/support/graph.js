/** The real import graph of the page, and what its HTML says of it. Run with `--write` to put the graph into the HTML. */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const STATIC = resolve(dirname(fileURLToPath(import.meta.url)), '../../../static');
export const PAGES = { 'index.html': 'js/lobby.js', 'room.html': 'js/room.js', 'screen.html': 'js/screen.js', 'moderate.html': 'js/moderate.js' };

const IMPORT = /^\s*(?:import|export)\s[^;]*?from\s+'([^']+)'|^\s*import\s+'([^']+)'/gm;
// Low: what is seen first, the name of the room, needs the styles and no script.
const LINK = '<link rel="modulepreload" fetchpriority="low" href="/static/';
const PRELOAD = /<link rel="modulepreload"(?: fetchpriority="low")? href="\/static\/([^"]+)">\n/g;

/** @param {string} path under static @returns {string} */
export function text(path) {
  return readFileSync(resolve(STATIC, path), 'utf8');
}

/** Return all modules a module needs, itself left out, in the order in which they are found. @param {string} entry */
export function graph(entry) {
  const found = new Set([entry]);
  for (const path of found) {
    for (const [, from, bare] of text(path).matchAll(IMPORT)) {
      found.add(relative(STATIC, resolve(STATIC, dirname(path), from ?? bare)));
    }
  }
  found.delete(entry);
  return [...found].sort();
}

const LAZY = /\bimport\(['`]([^'`]+)['`]\)/g;

/** Return all that the text of a module imports, at once or later, as paths under static. Types in comments are no imports. @param {string} path @param {string} [code] its text */
export function imports(path, code = text(path)) {
  const bare = code.replace(/\/\*[^]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const named = [...bare.matchAll(IMPORT)].map(([, from, alone]) => from ?? alone);
  const later = [...bare.matchAll(LAZY)].map(([, from]) => from);
  return [...named, ...later].map((from) => relative(STATIC, resolve(STATIC, dirname(path), from)));
}

/** Return what a page may fetch later: modules behind an `import()`, and what those need. @param {string} entry */
export function later(entry) {
  const found = new Set([entry, ...graph(entry)]);
  for (const path of found) {
    for (const [, from] of text(path).replace(/\/\*[^]*?\*\//g, '').matchAll(LAZY)) {
      if (from.includes('${')) continue; // the words of a language
      const start = relative(STATIC, resolve(STATIC, dirname(path), from));
      for (const one of [start, ...graph(start)]) found.add(one);
    }
  }
  return [...found].filter((path) => path !== entry && !graph(entry).includes(path)).sort();
}

/** @param {string} page */
export function preloads(page) {
  return [...text(page).matchAll(PRELOAD)].map(([, path]) => path);
}

/** @param {string} page @param {string} entry */
function write(page, entry) {
  const links = graph(entry).map((path) => `${LINK}${path}">\n`).join('');
  const bare = text(page).replace(PRELOAD, '').replace(/<!-- modulepreload -->\n/, '');
  writeFileSync(resolve(STATIC, page), bare.replace(/(<script type="module")(?: fetchpriority="low")?/, '$1 fetchpriority="low"').replace('</head>', `${links}</head>`));
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv.includes('--write')) {
  for (const [page, entry] of Object.entries(PAGES)) write(page, entry);
}

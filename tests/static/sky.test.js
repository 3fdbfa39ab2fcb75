import assert from 'node:assert/strict';
import { test } from 'node:test';
import { text } from './support/graph.js';

const css = text('css/sky.css');
const AA = 4.5;
const KINDS = ['wonder', 'topic', 'local', 'humour', 'language', 'roleplay', 'arena', 'healing'];

/** What a kind of room has of a colour by day and by night: its own, or that of all. @param {string} kind @param {string} name */
function colours(kind, name) {
  const [, all] = /:root \{([^}]*--ink:[^}]*)\}/.exec(css) ?? [];
  const [, own = ''] = new RegExp(`\\[data-kind="${kind}"\\] \\{([^}]*)\\}`).exec(css) ?? [];
  const found = new RegExp(`--${name}: var\\(--light, (#\\w+)\\) var\\(--dark, (#\\w+)\\)`).exec(own + all);
  return found ? { light: found[1], dark: found[2] } : assert.fail(`${kind} ${name}`);
}

/** @param {string} colour */
function luminance(colour) {
  const full = colour.length === 4 ? colour.replace(/\w/g, '$&$&') : colour;
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(full.slice(at, at + 2), 16) / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** @param {string} one @param {string} other */
function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

test('every kind of room has a sky of its own, and one can read on all of it by day and by night', () => {
  const skies = KINDS.map((kind) => JSON.stringify(['sky-top', 'sky-middle', 'sky-low', 'sky-edge'].map((name) => colours(kind, name))));
  assert.equal(new Set(skies).size, KINDS.length);
  /** @type {string[]} */
  const unreadable = [];
  for (const kind of KINDS) {
    for (const [inks, places] of [[['ink', 'ink-soft', 'gold'], ['sky-top', 'sky-middle', 'sky-low', 'sky-edge']], [['ink-faint', 'rose', 'teal', 'alarm'], ['sky-top', 'sky-middle', 'sky-low']]]) {
      for (const ink of inks) for (const place of places) for (const theme of /** @type {const} */ (['light', 'dark'])) {
        const found = contrast(colours(kind, ink)[theme], colours(kind, place)[theme]);
        if (found < AA) unreadable.push(`${kind} ${theme}: ${ink} on ${place} ${found.toFixed(2)}`);
      }
    }
  }
  assert.deepEqual(unreadable, []);
});

test('colours follow the theme by the two toggles, and by nothing else', () => {
  const files = ['clip', 'lobby', 'panels', 'room', 'sheets', 'stage'].map((name) => text(`css/${name}.css`)).join('\n');

  assert.doesNotMatch(files, /prefers-color-scheme/);
  assert.equal(css.match(/prefers-color-scheme/g)?.length, 1);
});

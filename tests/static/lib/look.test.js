import assert from 'node:assert/strict';
import { test } from 'node:test';
import { set } from '../../../static/js/lib/preferences.js';

/** @type {Map<string, string>} */
const jar = new Map();
/** @type {Record<string, string>} */
const dataset = {};
/** @type {string[]} */
const painted = [];
const meta = { setAttribute: (/** @type {string} */ _name, /** @type {string} */ colour) => painted.push(colour) };
const page = {
  documentElement: { dataset },
  querySelectorAll: () => [meta],
  get cookie() {
    return [...jar].map((pair) => pair.join('=')).join('; ');
  },
  set cookie(text) {
    const [, name, value, age] = /^(\w+)=(\w*); Path=\/; Max-Age=(\d+); SameSite=Lax$/.exec(text) ?? assert.fail(text);
    if (age === '0') jar.delete(name);
    else jar.set(name, value);
  },
};
Object.assign(globalThis, {
  document: page, location: new URL('http://here/'), matchMedia: () => ({ addEventListener() {} }), getComputedStyle: () => ({ getPropertyValue: () => ' #123456' }),
});
const { followLook } = await import('../../../static/js/lib/look.js');

test('the page wears what is set, and the server is told for the next time', () => {
  followLook();
  assert.deepEqual([dataset, [...jar]], [{ captions: 'on' }, []], 'whoever set nothing gives nothing away');
  set('theme', 'light');
  set('language', 'de');
  set('captions', 'large');
  assert.deepEqual([dataset, Object.fromEntries(jar)], [{ theme: 'light', captions: 'large' }, { wonder_theme: 'light', wonder_language: 'de' }]);
  set('theme', 'system');
  set('language', '');

  assert.deepEqual([dataset, [...jar]], [{ captions: 'large' }, []]);
  assert.ok(painted.length > 1 && painted.every((colour) => colour === '#123456'));
});

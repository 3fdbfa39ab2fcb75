import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tellUnfetched } from '../../../static/js/lib/late.js';

/** What becomes of a rejection that nobody handled. @param {unknown} reason */
function rejected(reason) {
  const page = new EventTarget();
  let told = 0;
  tellUnfetched(page, () => (told += 1));
  const event = Object.assign(new Event('unhandledrejection', { cancelable: true }), { reason });
  page.dispatchEvent(event);
  return { told, handled: event.defaultPrevented };
}

test('a part that did not come is told, in the words of every browser', () => {
  for (const message of [
    'Failed to fetch dynamically imported module: http://x/static/js/views/round-desk.js',
    'error loading dynamically imported module: http://x/static/js/views/round-desk.js',
    'Importing a module script failed.',
  ]) assert.deepEqual(rejected(new TypeError(message)), { told: 1, handled: true });
});

test('what else went wrong stays for the console', () => {
  for (const reason of [new TypeError('x is not a function'), undefined, null, 'gone']) {
    assert.deepEqual(rejected(reason), { told: 0, handled: false });
  }
});

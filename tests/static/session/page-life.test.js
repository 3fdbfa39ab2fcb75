/** The page is shown, hidden, kept aside and ended. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { followPage } from '../../../static/js/session/page-life.js';

/** @type {string[]} */
let asked;
/** @type {EventTarget} */
let page;
/** @type {EventTarget & {hidden: boolean}} */
let document;

beforeEach(() => {
  asked = [];
  page = new EventTarget();
  document = Object.assign(new EventTarget(), { hidden: false });
  const ask = (/** @type {string} */ what) => () => void asked.push(what);
  const socket = { hurry: ask('hurry'), leave: ask('leave'), close: ask('close') };
  followPage({ socket, listener: { reconnect: ask('reconnect') }, player: { wake: ask('wake') } }, { page, document });
});

/** @param {string} type @param {boolean} persisted */
function turned(type, persisted) {
  page.dispatchEvent(Object.assign(new Event(type), { persisted }));
}

test('a page that ends says goodbye for good', () => {
  turned('pagehide', false);
  assert.deepEqual(asked, ['close']);
});

test('a page that is kept aside leaves, and comes back when it is shown again', () => {
  turned('pageshow', false);
  turned('pagehide', true);
  turned('pageshow', true);
  assert.deepEqual(asked, ['leave', 'hurry']);
});

test('with the network the socket and the radio come back', () => {
  page.dispatchEvent(new Event('online'));
  assert.deepEqual(asked, ['hurry', 'reconnect']);
});

test('a page that is seen again hurries and plays on, and one that is hidden stays', () => {
  document.hidden = true;
  document.dispatchEvent(new Event('visibilitychange'));
  assert.deepEqual(asked, []);
  document.hidden = false;
  document.dispatchEvent(new Event('visibilitychange'));
  assert.deepEqual(asked, ['hurry', 'wake']);
});

/** The service worker, with a browser around it that a test makes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { text } from './support/graph.js';

/** Run the worker's script. @param {string[]} pages that are open */
function worker(pages = []) {
  /** @type {Record<string, (event: any) => void>} */
  const listeners = {};
  /** @type {any[]} */
  const done = [];
  const self = {
    addEventListener: (/** @type {string} */ name, /** @type {any} */ listener) => (listeners[name] = listener),
    registration: { scope: 'https://wonder.example/r/kitchen', showNotification: async (/** @type {any[]} */ ...told) => done.push(told) },
    clients: {
      matchAll: async () => pages.map((url) => ({ url, focus: async () => done.push(`focus ${url}`) })),
      openWindow: async (/** @type {string} */ path) => done.push(`open ${path}`),
    },
  };
  runInNewContext(text('sw.js'), { self, URL, encodeURIComponent });
  const fire = async (/** @type {string} */ name, /** @type {any} */ event) => {
    /** @type {Promise<unknown>[]} */
    const waited = [];
    listeners[name]({ ...event, waitUntil: (/** @type {Promise<unknown>} */ work) => waited.push(work) });
    await Promise.all(waited);
    return done;
  };
  return fire;
}

test('who speaks is shown by the name of the room, once for each room', async () => {
  const data = { json: () => ({ room: 'wonder', title: 'Wonder', body: 'Somebody is speaking.', lang: 'en' }) };
  const [[title, options]] = await worker()('push', { data });

  assert.equal(title, 'Wonder');
  assert.deepEqual({ ...options, data: { ...options.data } }, {
    body: 'Somebody is speaking.', lang: 'en', tag: 'wonder', icon: '/static/icons/icon-192.png', data: { path: '/r/wonder' },
  });
});

test('a message that says nothing is of the room of its worker', async () => {
  const [[title, { tag, data }]] = await worker()('push', { data: null });

  assert.deepEqual([title, tag, data.path], ['Space of Wonder', 'kitchen', '/r/kitchen']);
});

test('a press goes to the room where it is open, and opens it where it is not', async () => {
  let closed = 0;
  const notification = { close: () => (closed += 1), data: { path: '/r/wonder' } };
  const open = ['https://wonder.example/', 'https://wonder.example/r/wonder-2', 'https://wonder.example/r/wonder?answer=x'];

  assert.deepEqual(await worker(open)('notificationclick', { notification }), [`focus ${open[2]}`]);
  assert.deepEqual(await worker(open.slice(0, 2))('notificationclick', { notification }), ['open /r/wonder']);
  assert.equal(closed, 2);
});

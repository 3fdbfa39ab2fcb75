/**
 * Shows a page of ours where the network or the server is away, and who speaks in a room whose visitor wants to be woken. Every page and script comes from the network,
 * so no code is ever older than the server; what is kept is only what says that nobody can be reached.
 */
const KEPT = 'away';
const AWAY = '/away';
const FILES = [AWAY, '/static/css/sky.css', '/static/css/clip.css', '/static/js/away.js', '/static/icons/icon.svg'];
const worker = /** @type {any} */ (self);

worker.addEventListener('install', (/** @type {any} */ event) => {
  const kept = caches.open(KEPT).then((cache) => cache.addAll(FILES.map((file) => new Request(file, { cache: 'reload' }))));
  event.waitUntil(kept.then(() => worker.skipWaiting()));
});

worker.addEventListener('activate', (/** @type {any} */ event) => {
  event.waitUntil(worker.clients.claim());
});

worker.addEventListener('fetch', (/** @type {any} */ event) => {
  const { request } = event;
  if (request.mode === 'navigate') event.respondWith(fetch(request).catch(() => kept(AWAY)));
  else if (FILES.includes(new URL(request.url).pathname)) event.respondWith(fetch(request).catch(() => kept(request)));
});

worker.addEventListener('push', (/** @type {any} */ event) => {
  const { room, title, body, lang } = told(event.data);
  const options = { body, lang, tag: room, icon: '/static/icons/icon-192.png', data: { path: `/r/${encodeURIComponent(room)}` } };
  event.waitUntil(worker.registration.showNotification(title, options));
});

worker.addEventListener('notificationclick', (/** @type {any} */ event) => {
  event.notification.close();
  event.waitUntil(seen(event.notification.data.path));
});

/** What a message says; browsers want every one shown, so one that says nothing is of the room of this worker. @param {any} data */
function told(data) {
  try {
    return data.json();
  } catch {
    return { room: worker.registration.scope.split('/').pop(), title: 'Space of Wonder', body: '…', lang: 'en' };
  }
}

/** Go to a room: where it is open already, else anew. @param {string} path */
async function seen(path) {
  const open = await worker.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const page = open.find((/** @type {any} */ { url }) => new URL(url).pathname === path);
  return page ? page.focus() : worker.clients.openWindow(path);
}

/** @param {RequestInfo} request */
async function kept(request) {
  return (await caches.match(request, { ignoreSearch: true })) ?? Response.error();
}

/**
 * Shows a page of ours where the network or the server is away. Every page and script comes from the network,
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

/** @param {RequestInfo} request */
async function kept(request) {
  return (await caches.match(request, { ignoreSearch: true })) ?? Response.error();
}

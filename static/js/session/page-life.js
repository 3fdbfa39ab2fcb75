/** What the browser does with the page: shows it, hides it, keeps it aside, ends it. The server is told at once. */

/**
 * @param {object} session
 * @param {{hurry: () => void, leave: () => void, close: () => void}} session.socket
 * @param {{reconnect: () => void}} session.listener
 * @param {{wake: () => void}} session.player
 * @param {{page?: EventTarget, document?: EventTarget & {hidden: boolean}}} [edges]
 */
export function followPage({ socket, listener, player }, edges = {}) {
  const page = edges.page ?? globalThis;
  const shown = edges.document ?? document;
  page.addEventListener('online', () => {
    socket.hurry();
    listener.reconnect();
  });
  shown.addEventListener('visibilitychange', () => {
    if (shown.hidden) return;
    socket.hurry();
    player.wake();
  });
  // A page that is kept aside (for "back") runs no more: its visitor is as gone as one who closed it.
  page.addEventListener('pagehide', (event) => (isKept(event) ? socket.leave() : socket.close()));
  page.addEventListener('pageshow', (event) => isKept(event) && socket.hurry());
}

/** @param {Event} event */
function isKept(event) {
  return /** @type {PageTransitionEvent} */ (event).persisted;
}

/** Parts of the page that are fetched when they are needed, and may not come: the network is away, or the server. */

/** What Chromium and Firefox, and Safari, say of a module that did not come. */
const UNFETCHED = /dynamically imported module|Importing a module script failed/;

/** Tell whenever a part that was asked for did not come: the next press asks again. @param {Pick<EventTarget, 'addEventListener'>} page @param {() => void} tell */
export function tellUnfetched(page, tell) {
  page.addEventListener('unhandledrejection', (event) => {
    const { reason } = /** @type {PromiseRejectionEvent} */ (event);
    if (!UNFETCHED.test(reason?.message ?? '')) return;
    event.preventDefault();
    tell();
  });
}

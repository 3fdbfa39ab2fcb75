/** Keep a page for when the network is away; where there is no service worker, there is none. */
export function keepForAway() {
  const register = () => navigator.serviceWorker?.register('/sw.js').catch(() => {}); // not over HTTP, or in a private window
  if (document.readyState === 'complete') register(); // words are waited for, and the page's loading is not
  else addEventListener('load', register);
}

/** What the server tells of a clip that this page has not met. */

/** @typedef {{id: string, by: import('./protocol.js').Voice|null, at_ms: number, duration_ms: number, caption: string|null}} ClipShown */

/** Return a clip, null when it is gone. @param {string} clip @returns {Promise<ClipShown|null>} */
export async function clipOf(clip) {
  const response = await fetch(`/api/clips/${encodeURIComponent(clip)}`);
  return response.ok ? response.json() : null;
}

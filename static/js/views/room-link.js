/** The address of a room, to hand on. */

/** @param {string} room */
export function linkOf(room) {
  return `${location.origin}/r/${encodeURIComponent(room)}`;
}

/** @param {import('../session/session.js').Session} session */
export async function copyLink({ id, notices }) {
  await navigator.clipboard?.writeText(linkOf(id));
  notices.pass({ code: 'copied' });
}

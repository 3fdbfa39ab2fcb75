/** "Invite others": where a room is empty, and where one looks who is here. */
import { h, icon } from '../lib/dom.js';
import { t } from '../lib/text.js';

/** Nothing where the browser can neither share nor copy. @param {import('../session/session.js').Session} session */
export function shareButton(session) {
  const can = Boolean(navigator.share ?? navigator.clipboard); // neither, on an address that is not secure
  return can && h('button', { type: 'button', class: 'text-button share', onclick: () => share(session) }, icon('link'), t('room.share'));
}

/** @param {string} room */
export function linkOf(room) {
  return `${location.origin}/r/${encodeURIComponent(room)}`;
}

/** @param {import('../session/session.js').Session} session */
export function share(session) {
  if (!navigator.share) return copyLink(session);
  return navigator.share({ title: document.title, url: linkOf(session.id) }).catch(() => {}); // changed their mind
}

/** @param {import('../session/session.js').Session} session */
export async function copyLink({ id, notices }) {
  await navigator.clipboard?.writeText(linkOf(id));
  notices.pass({ code: 'copied' });
}

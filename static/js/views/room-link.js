/** The address of a room, to hand on. */
import { h, icon } from '../lib/dom.js';
import { t } from '../lib/text.js';

/** @param {string} room */
export function linkOf(room) {
  return `${location.origin}/r/${encodeURIComponent(room)}`;
}

/** @param {import('../session/session.js').Session} session */
export async function copyLink({ id, notices }) {
  await navigator.clipboard?.writeText(linkOf(id));
  notices.pass({ code: 'copied' });
}

/** "Invite others": where a room is empty, and where one looks who is here. @param {import('../session/session.js').Session} session */
export function shareButton(session) {
  const open = async () => (await import('./invite-sheet.js')).open(session);
  return h('button', { type: 'button', class: 'text-button share', onclick: open }, icon('link'), t('room.share'));
}

/** "Invite others": where a room is empty, and where one looks who is here. */
import { h, icon } from '../lib/dom.js';
import { t } from '../lib/text.js';

/** @param {import('../session/session.js').Session} session */
export function shareButton(session) {
  const open = async () => (await import('./invite-sheet.js')).open(session);
  return h('button', { type: 'button', class: 'text-button share', onclick: open }, icon('link'), t('room.share'));
}

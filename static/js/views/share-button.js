/** "Invite others": where a room is empty, and where one looks who is here. */
import { h, icon } from '../lib/dom.js';
import { t } from '../lib/text.js';

/** Nothing where the browser can neither share nor copy. @param {import('../stage/session.js').Session} session */
export function shareButton(session) {
  const can = Boolean(navigator.share ?? navigator.clipboard); // neither, on an address that is not secure
  return can && h('button', { type: 'button', class: 'text-button share', onclick: () => session.share() }, icon('link'), t('room.share'));
}

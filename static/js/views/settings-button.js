/** Buttons that open a sheet, which is fetched when it is wanted: settings, and how to invite others. */
import { h, icon } from '../lib/dom.js';
import { t } from '../lib/text.js';
import { View } from './view.js';

export class SettingsButton extends View {
  build() {
    const press = async () => (await import('./settings-sheet.js')).open(this.session);
    this.append(h('button', { type: 'button', class: 'round-button', id: 'settings', 'aria-label': t('settings'), onclick: press }, icon('dials')));
  }
}

customElements.define('settings-button', SettingsButton);

/** "Invite others": where a room is empty, and where one looks who is here. @param {import('../session/session.js').Session} session */
export function shareButton(session) {
  const open = async () => (await import('./invite-sheet.js')).open(session);
  return h('button', { type: 'button', class: 'text-button share', onclick: open }, icon('link'), t('room.share'));
}

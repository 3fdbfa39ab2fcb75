/** Settings, and what the visitor's own browser knows of them: fetched when wanted. */
import { h, icon } from '../lib/dom.js';
import { t } from '../lib/text.js';
import { View } from './view.js';

export class MoreButton extends View {
  build() {
    const press = async () => (await import('./settings-sheet.js')).open(this.session);
    this.append(h('button', { type: 'button', class: 'round-button', id: 'settings', 'aria-label': t('settings'), onclick: press }, icon('dials')));
  }
}

customElements.define('more-button', MoreButton);

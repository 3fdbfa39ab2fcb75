/** Rooms for those nearby, and one's own spontaneity: buttons of the lobby, the rest comes when pressed. */
import '../lib/words-lobby.js';
import { h } from '../lib/dom.js';
import { t } from '../lib/text.js';

export class AroundHere extends HTMLElement {
  connectedCallback() {
    const around = async () => (await import('./around-sheet.js')).open();
    const own = async () => (await import('./spontaneity-sheet.js')).open();
    this.append(h('button', { type: 'button', class: 'quiet', id: 'around', onclick: around }, t('lobby.around')),
      h('button', { type: 'button', class: 'quiet', id: 'spontaneity', onclick: own }, t('lobby.spontaneity')));
  }
}

customElements.define('around-here', AroundHere);

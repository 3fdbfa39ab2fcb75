/** For five seconds one's own newest clip can be taken back with one press. */
import { announce } from '../lib/announce.js';
import { h, icon } from '../lib/dom.js';
import { t } from '../lib/text.js';
import { View } from './view.js';

export class UndoToast extends View {
  /** @type {string|null} */ #shown = null;

  /** @param {import('../session/model.js').Model} model */
  update({ undo: own, state }) {
    const undo = own && state.held.has(own) ? null : own; // a notice says what became of one that a filter holds
    if (undo === this.#shown) return;
    this.#shown = undo;
    this.replaceChildren();
    if (undo) this.#offer(undo);
  }

  /** @param {string} clip */
  #offer(clip) {
    const press = async () => (await this.session.forget(clip)) && announce(t('undo.done'));
    const button = h('button', { type: 'button', class: 'text-button', id: 'undo', onclick: press }, icon('undo'), t('undo.undo'));
    this.append(h('div', { class: 'toast' }, h('span', {}, t('undo.landed')), button, h('span', { class: 'toast-time' })));
    announce(t('undo.landed'));
  }
}

customElements.define('undo-toast', UndoToast);

/** Sound on or off; off also spares the network. */
import { h, icon, say, set } from '../lib/dom.js';
import { t } from '../lib/text.js';
import { View } from './view.js';

export class ListenSwitch extends View {
  build() {
    this.words = h('span', { class: 'sr' });
    const press = () => this.session.sound(!this.session.model.wantsSound);
    this.button = h('button', { type: 'button', class: 'round-button', id: 'listen', 'aria-label': t('listen.label'), onclick: press },
      icon('sound'), icon('silent'));
    this.append(this.button, this.words);
  }

  /** @param {import('../session/model.js').Model} model */
  update({ wantsSound, hearing, joined }) {
    const key = !wantsSound ? 'listen.off' : hearing === 'connecting' ? 'listen.connecting' : 'listen.on';
    set(/** @type {HTMLElement} */ (this.button), { 'aria-pressed': String(wantsSound), title: t(key) });
    this.dataset.hearing = joined ? hearing : 'off';
    if (this.words) say(this.words, t(key));
  }
}

customElements.define('listen-switch', ListenSwitch);

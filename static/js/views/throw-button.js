/** Throws a prompt into the room, or starts the round again at once. */
import { h, icon, say } from '../lib/dom.js';
import { t } from '../lib/text.js';
import { View } from './view.js';

export class ThrowButton extends View {
  build() {
    this.words = h('span', { class: 'dock-words' });
    const press = () => this.session.send(this.session.model.state.round ? 'again' : 'throw');
    this.button = h('button', { type: 'button', class: 'dock-button', id: 'throw', onclick: press }, icon('dice'), this.words);
    this.append(this.button);
  }

  /** @param {import('../session/model.js').Model} model */
  update({ state, connection }) {
    if (this.words) say(this.words, t(state.round ? 'prompt.again' : 'prompt.throw'));
    if (this.button) this.button.disabled = connection !== 'open' || state.closed;
  }
}

customElements.define('throw-button', ThrowButton);

/** The room's name, and what holds in it. */
import { h, say } from '../lib/dom.js';
import { t } from '../lib/text.js';
import { View } from './view.js';

export class RoomTitle extends View {
  build() {
    this.name = h('h1', { dir: 'auto' });
    this.rules = h('p', { class: 'rules', dir: 'auto' });
    this.append(this.name, this.rules);
  }

  /** @param {import('../session/model.js').Model} model */
  update({ room, state }) {
    if (!room || !this.name || !this.rules) return;
    const name = state.name || t(`kind.${room.kind}`);
    say(this.name, name);
    say(this.rules, state.theme || room.rules);
    this.lang = state.language;
    document.title = `${name} · ${t('app.name')}`;
  }
}

customElements.define('room-title', RoomTitle);

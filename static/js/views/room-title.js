/** The room's name, and what holds in it. */
import { h, say, set } from '../lib/dom.js';
import { spokenHere, t } from '../lib/text.js';
import { View } from './view.js';

export class RoomTitle extends View {
  build() {
    this.name = h('h1', { dir: 'auto' });
    this.rules = h('span', { dir: 'auto' });
    this.tongue = h('abbr', { class: 'tongue' });
    this.append(this.name, h('p', { class: 'rules' }, this.tongue, this.rules));
  }

  /** @param {import('../session/model.js').Model} model */
  update({ room, state }) {
    if (!room || !this.name || !this.rules || !this.tongue) return;
    const name = state.name || t(`kind.${room.kind}`);
    say(this.name, name);
    say(this.rules, state.theme || room.rules);
    set(this.name, { lang: state.name ? state.language : null });
    set(this.rules, { lang: state.language });
    const foreign = spokenHere(state.language);
    set(this.tongue, { hidden: !foreign, title: foreign });
    say(this.tongue, state.language.toUpperCase());
    document.title = `${name} · ${t('app.name')}`;
  }
}

customElements.define('room-title', RoomTitle);

/** On narrow screens voices and chat share one place; wide screens show both and hide these. */
import { h, icon, say } from '../lib/dom.js';
import { counted, t } from '../lib/text.js';
import { View } from './view.js';

const PANELS = /** @type {const} */ (['clips', 'chat']);

export class PanelTabs extends View {
  #seen = 0;
  /** @type {Record<string, HTMLButtonElement>} */ #tabs = {};

  build() {
    this.setAttribute('role', 'group');
    this.setAttribute('aria-label', t('room.tabs'));
    this.badge = h('span', { class: 'badge', hidden: true });
    for (const panel of PANELS) {
      const words = t(panel === 'clips' ? 'clips.title' : 'chat.title');
      this.#tabs[panel] = h('button', { type: 'button', class: 'tab', 'data-tab': panel, onclick: () => this.#open(panel) },
        icon(panel === 'clips' ? 'wave' : 'chat'), words, panel === 'chat' && this.badge);
    }
    this.append(...Object.values(this.#tabs));
    this.#open('clips');
  }

  /** @param {import('../session/model.js').Model} model */
  update({ state, joined, hidden }) {
    if (!this.badge) return;
    if (!joined || document.body.dataset.panel === 'chat') this.#seen = state.head;
    const unread = [...state.texts.values()].filter(({ seq, by }) => seq > this.#seen && !hidden.includes(by?.id ?? '')).length;
    this.badge.hidden = unread === 0;
    say(this.badge, unread > 99 ? '99+' : String(unread));
    this.badge.setAttribute('aria-label', counted('chat.unread', unread));
  }

  /** @param {string} panel */
  #open(panel) {
    document.body.dataset.panel = panel;
    for (const [name, tab] of Object.entries(this.#tabs)) tab.setAttribute('aria-pressed', String(name === panel));
    if (this.session) this.update(this.session.model);
  }
}

customElements.define('panel-tabs', PanelTabs);

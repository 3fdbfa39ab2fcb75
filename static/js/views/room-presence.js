/** Who is here: colours at a glance, names on demand; of whom one hid, only how many. */
import { h, keep, say } from '../lib/dom.js';
import { shapeOf } from '../lib/shape.js';
import { counted, t } from '../lib/text.js';
import { View } from './view.js';
import { shareButton } from './settings-button.js';
import { voiceName } from './voice-name.js';

const DOTS = 6;
const NAMES = 100;

/** @typedef {import('../wire/protocol.js').Voice} Voice */

export class RoomPresence extends View {
  /** @type {unknown} */ #drawn = null;
  /** @type {unknown} */ #hidden = null;

  build() {
    this.dots = h('span', { class: 'dots', 'aria-hidden': 'true' });
    this.count = h('span', { class: 'here-count' });
    this.words = h('span', { class: 'here-words' });
    this.listening = h('p', { class: 'here-listening' });
    this.names = h('ul', { class: 'here-names', 'aria-label': t('here.list') });
    this.others = h('p', { class: 'here-listening' });
    this.append(h('details', { class: 'here' }, h('summary', {}, this.dots, this.count, this.words),
      h('div', { class: 'here-card' }, this.listening, this.names, this.others, shareButton(this.session))));
    document.addEventListener('click', ({ target }) => {
      const one = /** @type {Element} */ (target);
      if (!this.contains(one) || one.closest('.share')) this.#shut();
    });
    this.addEventListener('keydown', (event) => event.key === 'Escape' && this.#shut());
  }

  /** @param {import('../session/model.js').Model} model */
  update({ presence, me, hidden }) {
    if ((presence === this.#drawn && hidden === this.#hidden) || !this.dots || !this.names || !this.count || !this.listening || !this.others) return;
    this.#drawn = presence;
    this.#hidden = hidden;
    const voices = [...presence.voices.values()].filter(({ id }) => !hidden.includes(id)).sort((a, b) => order(b, presence, me) - order(a, presence, me));
    const draw = (/** @type {HTMLElement} */ one, /** @type {Voice} */ voice) => {
      one.style.setProperty('--voice', voice.colour);
      one.dataset.speaking = String(presence.speaking.has(voice.id));
    };
    keep(this.dots, voices.slice(0, DOTS), idOf, (voice) => h('span', { class: 'dot', 'data-shape': shapeOf(voice.id) }), draw);
    keep(this.names, voices.slice(0, NAMES), idOf, (voice) => nameOf(this.session, voice, me), draw);
    const [count, ...words] = counted('here', Math.max(1, people(presence))).split(' ');
    say(this.count, count);
    if (this.words) say(this.words, words.join(' '));
    say(this.listening, counted('here.listening', presence.listeners));
    const away = presence.voices.size - voices.length;
    say(this.others, away ? counted('here.hidden', away) : '');
  }

  #shut() {
    this.querySelector('details')?.removeAttribute('open');
  }
}

/** Those who speak come first, then oneself. @param {Voice} voice @param {import('../room/presence.js').Presence} presence @param {Voice|null} me */
function order(voice, presence, me) {
  return (presence.speaking.has(voice.id) ? 2 : 0) + (voice.id === me?.id ? 1 : 0);
}

/** Machines are here, but nobody's company is counted by them. @param {import('../room/presence.js').Presence} presence */
function people({ voices }) {
  return [...voices.values()].filter(({ machine }) => !machine).length;
}

/** @param {Voice} voice */
function idOf(voice) {
  return voice.id;
}

/** @param {import('./view.js').Session} session @param {Voice} voice @param {Voice|null} me */
function nameOf(session, voice, me) {
  const own = voice.id === me?.id && h('span', { class: 'you' }, t('clip.you'));
  return h('li', {}, h('span', { class: 'dot', 'data-shape': shapeOf(voice.id) }), voiceName(session, voice, undefined), ' ', own);
}

customElements.define('room-presence', RoomPresence);

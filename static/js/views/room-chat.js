/** Writing beside the voices. */
import { announce } from '../lib/announce.js';
import { h, icon, keep } from '../lib/dom.js';
import { counted, t } from '../lib/text.js';
import { View } from './view.js';
import { chatLine, linesOf, updateLine } from './chat-lines.js';

const LONGEST = 500;
const NEAR_PX = 60; // nearer to the end than this, the list follows

export class RoomChat extends View {
  /** @type {unknown[]} */ #drawn = [];
  #head = 0;
  #follows = true;

  build() {
    this.setAttribute('role', 'region');
    this.setAttribute('aria-label', t('chat.title'));
    this.empty = h('p', { class: 'empty' }, t('chat.empty'));
    this.list = h('ul', { class: 'lines', tabindex: '0', 'aria-label': t('chat.title') });
    this.latest = h('button', { type: 'button', class: 'latest', hidden: true, onclick: () => this.#toEnd() }, t('chat.latest'));
    this.list.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => this.#follows && this.#toEnd()).observe(this); // its tab was opened, a keyboard came
    this.bubble = h('button', { type: 'button', class: 'chat-bubble', 'aria-expanded': 'false', 'aria-controls': this.id, onclick: () => (this.#unfold(), this.input?.focus()) },
      icon('chat'), t('chat.open'));
    this.dataset.folded = 'true';
    this.append(this.bubble, h('h2', {}, t('chat.title')), h('div', { class: 'lines-place' }, this.empty, this.list, this.latest), this.#form());
  }

  #form() {
    this.input = h('input', { id: 'say', name: 'say', type: 'text', dir: 'auto', maxlength: LONGEST, autocomplete: 'off', enterkeyhint: 'send',
      placeholder: t('chat.write'), 'aria-label': t('chat.write') });
    const bar = h('div', { class: 'emoji-bar', role: 'group', 'aria-label': t('chat.emoji'), hidden: true });
    const toggle = h('button', { type: 'button', class: 'icon-button', 'aria-label': t('chat.emoji'), 'aria-expanded': 'false' }, icon('smile'));
    toggle.addEventListener('click', async () => {
      const { emojiButtons } = await import('./emoji-bar.js');
      if (!bar.childElementCount) bar.append(...emojiButtons((emoji) => this.#insert(emoji)));
      bar.hidden = !bar.hidden;
      toggle.setAttribute('aria-expanded', String(!bar.hidden));
    });
    const send = h('button', { type: 'submit', class: 'icon-button send', 'aria-label': t('chat.send') }, icon('send'));
    // Buttons leave the focus where it is, so that a phone's keyboard stays and nothing moves away under the finger.
    const stay = (/** @type {Event} */ event) => event.target !== this.input && event.preventDefault();
    return h('form', { class: 'say', onmousedown: stay, onsubmit: (/** @type {Event} */ event) => this.#send(event) }, bar,
      h('div', { class: 'say-row' }, toggle, this.input, send));
  }

  /** @param {import('../session/model.js').Model} model */
  update(model) {
    const parts = [model.state.texts, model.state.rolls, model.state.withheld, model.pending, model.hidden, model.me, model.pending.length && model.state.head];
    if (parts.every((part, at) => part === this.#drawn[at]) || !this.list || !this.empty || !this.latest) return;
    if (!model.joined) return void (this.#head = model.state.head); // nobody sees it yet, and what was before is not news
    this.#drawn = parts;
    const lines = linesOf(model);
    keep(this.list, lines, (line) => line.key, (line) => chatLine(this.session, line), updateLine);
    this.empty.hidden = lines.length > 0;
    this.list.hidden = lines.length === 0;
    if (lines.length) this.#unfold();
    if (this.#follows || lines.at(-1)?.own) this.#toEnd();
    else this.latest.hidden = false;
    this.#announce(model);
  }

  /** Where there is room for voices and chat, an empty chat is a bubble until somebody writes or wants to. */
  #unfold() {
    delete this.dataset.folded;
    this.bubble?.setAttribute('aria-expanded', 'true');
  }

  /** @param {import('../session/model.js').Model} model */
  #announce({ state, me, joined, hidden }) {
    const fresh = [...state.texts.values()].filter(({ seq, by }) => seq > this.#head && by?.id !== me?.id && !hidden.includes(by?.id ?? ''));
    this.#head = state.head;
    if (!joined || !fresh.length) return;
    const [only] = fresh;
    announce(fresh.length === 1 ? `${only.by?.name ?? ''}: ${only.text}` : counted('chat.new', fresh.length));
  }

  /** @param {Event} event */
  #send(event) {
    event.preventDefault();
    const text = this.input?.value.trim() ?? '';
    if (!text || !this.input) return;
    this.input.value = '';
    this.session.lines.say(text);
  }

  /** @param {string} emoji */
  #insert(emoji) {
    if (!this.input || this.input.value.length + emoji.length > LONGEST) return;
    this.input.setRangeText(emoji, this.input.selectionStart ?? 0, this.input.selectionEnd ?? 0, 'end');
    this.input.focus();
  }

  #scrolled() {
    const { scrollHeight = 0, scrollTop = 0, clientHeight = 0 } = this.list ?? {};
    this.#follows = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    if (this.#follows && this.latest) this.latest.hidden = true;
  }

  #toEnd() {
    if (!this.list || !this.latest) return;
    this.#follows = true;
    this.latest.hidden = true;
    this.list.scrollTop = this.list.scrollHeight;
  }
}

customElements.define('room-chat', RoomChat);

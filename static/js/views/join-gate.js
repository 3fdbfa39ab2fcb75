/** The door: one tap unlocks the sound and nothing else; the microphone is never asked for here unless wished. */
import { h, icon, say } from '../lib/dom.js';
import { recall } from '../lib/storage.js';
import { t } from '../lib/text.js';
import { View } from '../lib/view.js';

export class JoinGate extends View {
  build() {
    this.name = h('h2', { id: 'gate-name' });
    this.rules = h('p', { class: 'gate-rules' });
    this.description = h('p', { class: 'gate-rules' });
    this.consent = h('p', { class: 'gate-consent' });
    this.voice = h('p', { class: 'gate-voice' });
    this.join = h('button', { type: 'button', class: 'primary', id: 'join', onclick: () => this.#enter(false) });
    const play = h('button', { type: 'button', class: 'quiet', id: 'join-play', onclick: () => this.#enter(true) },
      icon('spark'), h('span', {}, t('gate.play'), h('small', {}, t('gate.play.hint'))));
    this.dialog = h('dialog', { class: 'gate', 'aria-labelledby': 'gate-name', oncancel: (/** @type {Event} */ event) => event.preventDefault() },
      this.name, this.rules, this.description, this.consent, this.voice, this.join, play,
      h('p', { class: 'gate-listen' }, icon('sound'), t('gate.listen')),
      h('a', { href: '/', class: 'gate-back' }, t('room.back')));
    this.append(this.dialog);
    this.dialog.showModal();
  }

  /** @param {import('../stage/model.js').Model} model */
  update({ room, me, joined, connection }) {
    if (joined || !this.name || !this.rules || !this.description || !this.consent || !this.voice || !this.join) return;
    say(this.name, room ? room.name || t(`kind.${room.kind}`) : t('gate.title'));
    say(this.rules, room?.theme || room?.rules || '');
    say(this.description, room?.description ?? '');
    say(this.consent, room?.consent ?? '');
    const asks = room?.consent && !recall(`consent.${this.session.id}`, false);
    say(this.join, t(asks ? 'gate.agree' : 'gate.join'));
    if (connection === 'refused') this.dialog?.classList.add('is-gone');
    if (!me || this.voice.childElementCount) return;
    const dot = h('span', { class: 'dot' });
    dot.style.setProperty('--voice', me.colour);
    this.voice.append(t('gate.name'), ' ', dot, h('strong', {}, me.name));
  }

  /** @param {boolean} playing */
  #enter(playing) {
    this.session.join(playing);
    this.dialog?.close();
    this.remove();
  }
}

customElements.define('join-gate', JoinGate);

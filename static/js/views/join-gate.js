/** The door: one tap unlocks the sound and nothing else; the microphone is never asked for here unless one plays along. */
import { h, icon, say, set } from '../lib/dom.js';
import { get } from '../lib/preferences.js';
import { shapeOf } from '../lib/shape.js';
import { recall } from '../lib/storage.js';
import { span } from '../lib/format.js';
import { counted, spokenHere, t } from '../lib/text.js';
import { View } from './view.js';
import { WAITS } from '../session/model.js';

const SHUT = [...WAITS, 'forbidden', 'gone'];

export class JoinGate extends View {
  build() {
    const [name, rules, description, consent, voice, first] = this.querySelectorAll('h2, p'); // the server wrote what was known before any script ran
    this.name = name;
    this.rules = rules;
    this.description = description;
    this.consent = consent;
    this.voice = voice;
    this.first = first;
    this.words = h('span', {});
    this.join = h('button', { type: 'button', class: 'primary', id: 'join', onclick: () => this.#enter(false) }, this.words, h('small', {}, t('join.hint')));
    this.play = h('button', { type: 'button', class: 'quiet', id: 'join-play', onclick: () => this.#check() },
      icon('spark'), h('span', {}, t('join.play'), h('small', {}, t(get('checked') ? 'talk.auto' : 'join.play.hint'))));
    this.dialog = h('dialog', { class: 'gate', 'aria-labelledby': 'gate-name', onclose: () => this.#shut() },
      this.name, this.rules, this.description, this.consent, this.voice, this.first, this.join, this.play,
      h('a', { href: '/', class: 'gate-back' }, t('room.back')));
    this.replaceChildren(this.dialog);
    this.#shut();
  }

  /** @param {import('../session/model.js').Model} model */
  update(model) {
    const { room, joined, connection } = model;
    if (joined || !this.name || !this.rules || !this.description || !this.consent || !this.join || !this.play || !this.words || !this.first) return;
    this.join.disabled = this.play.disabled = !room; // what holds in here must have been read
    if (room) say(this.name, room.name || t(`kind.${room.kind}`));
    if (room) say(this.rules, room.theme || room.rules);
    if (room) say(this.description, room.description);
    say(this.consent, room?.consent ?? '');
    const asks = room?.consent && !recall(`consent.${this.session.id}`, false);
    say(this.words, t(asks ? 'join.agree' : 'join.join'));
    if (room) say(this.first, [spokenHere(room.language), firstOf(model, room), room.captions === false && t('join.deaf')].filter(Boolean).join(' '));
    for (const part of [this.name, this.rules, this.description, this.consent]) set(part, { lang: room?.language });
    this.play.hidden = model.state.closed || isLockedFor(model);
    if (connection === 'refused') this.dialog?.classList.add('is-gone');
    this.#voice(model);
  }

  /** Who one is in here; before that, why it takes so long. @param {import('../session/model.js').Model} model */
  #voice({ me, notices, connection }) {
    const why = notices.find(({ code }) => SHUT.includes(code));
    if (!this.voice) return;
    if (!me || connection === 'refused') return say(this.voice, why ? t(`notice.${why.code}`, why.values) : '');
    if (this.voice.childElementCount) return;
    const dot = h('span', { class: 'dot', 'data-shape': shapeOf(me.id) });
    dot.style.setProperty('--voice', me.colour);
    this.voice.replaceChildren(t('join.name'), ' ', h('strong', {}, dot, me.name));
  }

  /** Only a tap opens the door: Escape would leave a page without sound. */
  #shut() {
    if (!this.session.model.joined) this.dialog?.showModal();
  }

  /** Before one plays along: the microphone, and a test of it that nobody hears. No round begins for one meanwhile. */
  async #check() {
    this.session.player.unlock();
    const found = await this.#found().catch(() => null); // offline: one comes in without it
    if (!found || !this.dialog || this.session.model.joined) return void this.#enter(true);
    const { element } = found.microphoneCheck(this.session, { title: 'check-title', isDoor: true, ended: (how) => this.#enter(how === 'in') });
    this.dialog.setAttribute('aria-labelledby', 'check-title');
    this.dialog.replaceChildren(element);
  }

  async #found() {
    const [found, { dressed }] = await Promise.all([import('./microphone-check.js'), import('../lib/sheet.js')]);
    await dressed();
    return found;
  }

  /** @param {boolean} playing */
  #enter(playing) {
    if (this.session.model.joined) return;
    this.session.join(playing);
    this.dialog?.close();
    this.remove();
    document.body.dataset.joined = 'true'; // now and not with the next frame: what is not laid out takes no focus
    /** @type {HTMLElement|null} */ (document.querySelector('prompt-card'))?.focus({ preventScroll: true }); // so that Tab goes on from the stage
  }
}

/** What will happen first, in one line. @param {import('../session/model.js').Model} model @param {import('../wire/protocol.js').Room} room */
function firstOf(model, room) {
  const { state, presence } = model;
  if (state.closed) return t('join.first.closed');
  if (isLockedFor(model)) return t('refused.locked');
  const others = Math.max(presence.listeners, presence.speakers); // whoever stands at the door as well is not in there
  if (state.round) return t('join.first.round');
  if (others) return counted('join.first.people', others);
  return state.clips.size ? counted('join.first.clips', state.clips.size) : t('join.first.empty', { span: span(room.keep_ms) });
}

/** Whether only its keeper speaks in here now. @param {import('../session/model.js').Model} model */
function isLockedFor({ state, me }) {
  return state.locked && state.keeper !== me?.id;
}

customElements.define('join-gate', JoinGate);

/** The talk button: hold it or tap it, by pointer, by space bar, or by whatever presses buttons. */
import { h, icon, say, set } from '../lib/dom.js';
import { get } from '../lib/preferences.js';
import { t } from '../lib/text.js';
import { View } from './view.js';
import { ownMask, partIn } from '../room/head.js';
import { isDrawnIn } from '../room/play.js';
import { othersRead, reads } from '../room/presence.js';
import { click, down, follow, UP, up } from '../room/press.js';
import { isTalking, silencedBy, wantsTrial } from '../session/model.js';
import './count-ring.js';

/** @typedef {import('../session/model.js').Model} Model */

const TYPING = 'input, textarea, select, button, a, summary, dialog, [contenteditable], [tabindex="0"]';

export class TalkButton extends View {
  /** @type {import('../room/press.js').Press} */ #press = UP;
  /** @type {string|null} */ #silenced = null;
  /** Whether the open take is out of turn: it waits until the round is over. */
  #isLate = false;

  build() {
    const ring = /** @type {import('./count-ring.js').CountRing} */ (document.createElement('count-ring'));
    this.state = h('p', { class: 'talk-state', id: 'talk-state' });
    this.orb = h('button', {
      type: 'button',
      class: 'orb',
      id: 'talk',
      'aria-label': t('talk'),
      'aria-pressed': 'false',
      'aria-describedby': 'talk-state',
      'aria-keyshortcuts': 'Space',
    }, icon('mic'), icon('stop'));
    this.badge = h('span', { class: 'later', hidden: true }, t('later'));
    this.worn = h('p', { class: 'worn', id: 'worn' });
    this.append(h('div', { class: 'orb-place' }, ring, this.orb, this.badge), this.state, this.worn);
    ring.attach(this.session);
    this.#listenToPointer(this.orb);
    this.#listenToKeys();
  }

  /** @param {Model} model */
  update(model) {
    const isOn = isTalking(model);
    this.#press = follow(this.#press, isOn);
    this.#silenced = silencedBy(model, this.session.clock.server_ms);
    this.orb?.setAttribute('aria-pressed', String(isOn));
    this.orb?.setAttribute('aria-disabled', String(this.#silenced !== null));
    this.#late(model);
    const mask = model.joined && ownMask(model.state, model.mask);
    const notes = [mask && t('mask.own', { mask: t(`mask.${mask}`) }), model.joined && model.room?.captions && othersRead(model.presence, reads(model.hearing, get('captions'))) && t('talk.readers')];
    say(/** @type {Element} */ (this.worn), notes.filter(Boolean).join('\n'));
    const part = partIn(model, this.session.round.status);
    if (this.state) say(this.state, t(this.#silenced ?? (this.#isLate && isOn ? 'talk.later' : stateOf(model, part))));
  }

  /** A press out of turn in a running round. @param {Model} model */
  #late(model) {
    const { speaking, state, auto } = model;
    if (speaking === 'off' || speaking === 'ready') this.#isLate = false;
    else if (speaking === 'live' && state.round && !auto && !this.session.round.openTurn) this.#isLate = true;
    this.dataset.late = String(this.#isLate);
    set(/** @type {Element} */ (this.badge), { hidden: !this.#isLate });
  }

  /** @param {HTMLButtonElement} orb */
  #listenToPointer(orb) {
    orb.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      orb.focus({ preventScroll: true });
      orb.setPointerCapture(event.pointerId);
      this.#step(down(this.#press, event.timeStamp));
    });
    for (const end of /** @type {const} */ (['pointerup', 'pointercancel'])) {
      orb.addEventListener(end, (event) => this.#step(up(this.#press, event.timeStamp)));
    }
    orb.addEventListener('contextmenu', (event) => event.preventDefault());
    // A click with no pointer behind it: assistive technology.
    orb.addEventListener('click', (event) => event.detail === 0 && this.#step(click(this.#press)));
  }

  #listenToKeys() {
    document.addEventListener('keydown', (event) => {
      if (!this.#isOurs(event)) return;
      event.preventDefault();
      if (!event.repeat) this.#step(down(this.#press, event.timeStamp));
    });
    // Whoever leaves the window with the key down lets go elsewhere.
    addEventListener('blur', (event) => this.#step(up(this.#press, event.timeStamp)));
    document.addEventListener('keyup', (event) => {
      if (!this.#isOurs(event)) return;
      event.preventDefault(); // or the button would click as well
      this.#step(up(this.#press, event.timeStamp));
    });
  }

  /** Space anywhere but where it types or presses something else; Enter on the button itself. @param {KeyboardEvent} event */
  #isOurs(event) {
    const target = /** @type {Element} */ (event.target);
    if (!this.session.model.joined || event.ctrlKey || event.altKey || event.metaKey || document.querySelector('dialog[open]')) return false;
    if (target === this.orb) return event.code === 'Space' || event.code === 'Enter';
    return event.code === 'Space' && !target.closest(TYPING);
  }

  /** The first press tries the microphone, and nobody hears that. */
  async #try() {
    this.session.player.unlock();
    const { open } = await import('./microphone-check.js');
    open(this.session);
  }

  /** @param {import('../room/press.js').Step} step */
  #step({ press, command }) {
    if (command === 'start' && this.#silenced) return;
    if (command === 'start' && wantsTrial(this.session.model)) return void this.#try();
    this.#press = press;
    if (command) this.session.talk(command);
  }
}

/** @param {Model} model @param {import('../room/head.js').Part} part */
function stateOf(model, part) {
  const { speaking, fetching, playing, phase, state, me, room } = model;
  if (fetching) return 'talk.opening';
  if (speaking === 'opening' || speaking === 'live' || speaking === 'sending') return `talk.${speaking}`;
  if (playing && (!state.round || isDrawnIn(state.round, me?.id ?? '', room))) return 'talk.auto';
  if (wantsTrial(model)) return 'talk.ask';
  if (part === 'bystander') return 'talk.bystander';
  return part !== 'none' && part !== 'other' && phase === 'window' ? 'talk.yours' : 'talk.idle';
}

customElements.define('talk-button', TalkButton);

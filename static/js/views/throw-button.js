/** Throws a prompt into the room; while a round runs it laughs instead, which hurts nobody. */
import { h, icon, say, set } from '../lib/dom.js';
import { t } from '../lib/text.js';
import { View } from './view.js';

const LAUGH = '😂';
const SHOWN_MS = 600;

export class ThrowButton extends View {
  #isRound = false;

  build() {
    this.words = h('span', { class: 'dock-words' });
    this.dice = icon('dice');
    this.smile = icon('smile');
    this.button = h('button', { type: 'button', class: 'dock-button', id: 'throw', onclick: () => (this.#isRound ? this.#laugh() : this.session.send('throw')) }, this.dice, this.smile, this.words);
    this.append(this.button);
  }

  /** @param {import('../session/model.js').Model} model */
  update(model) {
    const { state, connection, phase } = model;
    // A laugh comes late: the end of a round is no moment to throw something new.
    this.#isRound = Boolean(state.round) || (phase === 'over' && Boolean(state.last_round));
    if (this.words) say(this.words, t(this.#isRound ? 'laugh' : 'prompt.throw'));
    set(/** @type {Element} */ (this.button), { 'data-does': this.#isRound ? 'laugh' : 'throw' });
    set(/** @type {Element} */ (this.dice), { hidden: this.#isRound });
    set(/** @type {Element} */ (this.smile), { hidden: !this.#isRound });
    if (this.button) this.button.disabled = connection !== 'open' || state.closed || (this.#isRound && !this.#target);
  }

  /** What is heard, or was a moment ago; else the newest voice of the round. */
  get #target() {
    const { state, replaying } = this.session.model;
    const spoken = (state.round ?? state.last_round)?.takes.filter(({ written, hidden }) => !written && !hidden).at(-1);
    if (replaying) return { clip: replaying, at_ms: Math.round(this.session.player.part * (state.clips.get(replaying)?.duration_ms ?? 0)) };
    return this.session.onAir.heard ?? (spoken ? { clip: spoken.clip, at_ms: spoken.duration_ms } : null);
  }

  #laugh() {
    const target = this.#target;
    if (!target) return;
    this.session.react(target.clip, LAUGH, Math.max(1, target.at_ms));
    set(/** @type {Element} */ (this.button), { 'data-laughing': 'true' });
    setTimeout(() => set(/** @type {Element} */ (this.button), { 'data-laughing': false }), SHOWN_MS);
  }
}

customElements.define('throw-button', ThrowButton);

/** A ring around the talk button: fills in the count-in, empties with the window or the take. */
import { svg } from '../lib/dom.js';
import { talksOn } from '../room/head.js';
import { View } from './view.js';

const CIRCLE = { cx: 60, cy: 60, r: 56, pathLength: 1 };

export class CountRing extends View {
  #frame = 0;
  #since_ms = 0;

  build() {
    this.setAttribute('aria-hidden', 'true');
    const track = svg('circle', { ...CIRCLE, class: 'ring-track' });
    const part = svg('circle', { ...CIRCLE, class: 'ring-part' });
    this.append(svg('svg', { viewBox: '0 0 120 120' }, track, part));
  }

  /** @param {import('../session/model.js').Model} model */
  update(model) {
    if (model.speaking !== 'live') this.#since_ms = 0;
    else this.#since_ms ||= performance.now();
    cancelAnimationFrame(this.#frame);
    this.#draw(model);
  }

  /** @param {import('../session/model.js').Model} model */
  #draw(model) {
    const { status } = this.session.round;
    const live = model.speaking === 'live';
    const talks = live && status.mine && status.phase === 'window' && talksOn(status.turn); // its own time runs, not the window's
    const counting = !talks && (status.phase === 'count-in' || status.phase === 'window');
    const taken = (performance.now() - this.#since_ms) / this.session.limitOf(status.mine ? status.turn : null);
    const part = counting ? (status.phase === 'window' ? 1 - status.part : status.part) : live ? 1 - taken : 0;
    this.style.setProperty('--part', Math.max(0, part).toFixed(3));
    this.parentElement?.style.setProperty('--level', live ? this.session.level.toFixed(3) : '0');
    if (counting || live) this.#frame = requestAnimationFrame(() => this.#draw(this.session.model));
  }
}

customElements.define('count-ring', CountRing);

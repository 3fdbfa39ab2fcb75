/** What one can do on the stage beyond speaking; what opens from here is fetched when it is wanted first. */
import { h, icon, set } from '../lib/dom.js';
import { t } from '../lib/text.js';
import { View } from './view.js';

/** @typedef {import('../session/model.js').Model} Model */

const SHEETS = {
  games: () => import('./game-sheet.js'),
  topics: () => import('./topic-sheet.js'),
};

export class StageBar extends View {
  /** @type {import('./round-desk.js').RoundDesk|null} */ #desk = null;
  /** @type {Promise<import('./round-desk.js').RoundDesk>|null} */ #coming = null;

  build() {
    this.games = this.#button('games', 'cards', () => this.#open('games'));
    this.topics = this.#button('topics', 'bulb', () => this.#open('topics'));
    this.type = this.#button('type', 'chat', async () => (await this.#needDesk()).write());
    this.joins = this.#button('join', 'spark', () => this.session.send('round.join'));
    this.out = this.#button('out', 'close', () => this.session.send('round.stop'));
    this.place = h('div', { class: 'desk-place' });
    this.bar = h('div', { class: 'stage-buttons', role: 'group', 'aria-label': t('stage.more') }, this.games, this.topics, this.joins, this.type, this.out);
    this.append(this.place, this.bar);
  }

  /** @param {Model} model */
  update(model) {
    const { state, joined, mine, phase, me, preview, room } = model;
    const open = Boolean(state.round) && mine && (phase === 'count-in' || phase === 'window');
    const plays = state.round ? [...state.round.players, ...state.round.takes.map(({ voice }) => voice)].includes(me?.id ?? '') : false;
    set(/** @type {Element} */ (this.games), { hidden: Boolean(state.round?.takes.length) || state.closed });
    set(/** @type {Element} */ (this.topics), { hidden: Boolean(state.round) || state.closed });
    set(/** @type {Element} */ (this.type), { hidden: !open || model.speaking === 'live' });
    set(/** @type {Element} */ (this.joins), { hidden: !state.round?.players.length || plays });
    set(/** @type {Element} */ (this.out), { hidden: !state.round || !plays, 'data-dared': String(room?.door === 'consent') });
    if (joined && (state.round || state.last_round || preview)) this.#needDesk();
    this.#desk?.update(model);
  }

  /** @param {string} id @param {string} picture @param {() => void} press */
  #button(id, picture, press) {
    return h('button', { type: 'button', class: 'text-button', id: id === 'join' ? 'join-round' : id, onclick: press }, icon(picture), t(`stage.${id}`));
  }

  #needDesk() {
    this.#coming ??= this.#fetchDesk();
    return this.#coming;
  }

  async #fetchDesk() {
    const { RoundDesk } = await import('./round-desk.js');
    this.#desk = new RoundDesk(this.session);
    this.place?.append(this.#desk.element);
    this.#desk.update(this.session.model);
    await this.#desk.shown;
    return this.#desk;
  }

  /** @param {keyof typeof SHEETS} name */
  async #open(name) {
    const { open } = await SHEETS[name]();
    open(this.session);
  }
}

customElements.define('stage-bar', StageBar);

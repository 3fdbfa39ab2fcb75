/** What one can do on the stage beyond speaking; what opens from here is fetched when it is wanted first. */
import { h, icon, set } from '../lib/dom.js';
import { t } from '../lib/text.js';
import { ownersOf, partIn } from '../room/head.js';
import { isDrawnIn } from '../room/play.js';
import { View } from './view.js';

/** @typedef {import('../session/model.js').Model} Model */

const HELPS_AT = 0.6; // of the window
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
    this.pass = this.#button('pass', 'skip', () => this.session.send('turn.pass'));
    this.help = this.#button('help', 'bulb', () => this.session.send('turn.help'));
    this.out = this.#button('out', 'close', () => this.session.send('round.leave'));
    this.place = h('div', { class: 'desk-place' });
    this.bar = h('div', { class: 'stage-buttons', role: 'group', 'aria-label': t('stage.more') }, this.games, this.topics, this.joins, this.help, this.pass, this.type, this.out);
    this.append(this.place, this.bar);
  }

  /** @param {Model} model */
  update(model) {
    const { state, joined, mine, phase, me, preview, room } = model;
    const open = Boolean(state.round) && mine && (phase === 'count-in' || phase === 'window');
    const plays = state.round ? [...state.round.players, ...state.round.takes.map(({ voice }) => voice)].includes(me?.id ?? '') : false;
    const isMine = partIn(model, this.session.round.status) === 'you';
    const own = isMine && phase === 'window' && model.speaking !== 'sending';
    const left = Boolean(state.round?.left?.includes(me?.id ?? ''));
    // Where all speak at once, whoever plays along is in it without joining.
    const { turn } = this.session.round.status;
    const speaksAnyway = Boolean(state.round && model.playing && turn && !ownersOf(turn).length && isDrawnIn(state.round, me?.id ?? '', room));
    set(/** @type {Element} */ (this.games), { hidden: (Boolean(state.round?.takes.length) && !plays) || isMine || state.closed });
    set(/** @type {Element} */ (this.topics), { hidden: Boolean(state.round) || state.closed });
    set(/** @type {Element} */ (this.type), { hidden: !open || model.speaking === 'live' });
    set(/** @type {Element} */ (this.joins), { hidden: !state.round || (!state.round.players.length && !left) || ((plays || speaksAnyway) && !left) });
    set(/** @type {Element} */ (this.out), { hidden: !state.round || !plays || left, 'data-dared': String(room?.door === 'consent') });
    set(/** @type {Element} */ (this.pass), { hidden: !own });
    this.#offerHelp(model, own);
    if (joined && (state.round || state.last_round || preview)) this.#needDesk().catch(() => {}); // the next change asks again
    this.#proposal(model);
    this.#desk?.update(model);
  }

  /** @type {ReturnType<typeof setTimeout>|undefined} */ #stuck;

  /** Who is still silent after most of the window may want a word. @param {Model} model @param {boolean} own */
  #offerHelp({ state, me }, own) {
    const { part, left_ms, turn } = this.session.round.status;
    const had = state.round?.helps?.some((one) => one.turn === turn?.turn && one.voice === me?.id);
    clearTimeout(this.#stuck);
    set(/** @type {Element} */ (this.help), { hidden: !own || had || part < HELPS_AT });
    if (own && part < HELPS_AT) this.#stuck = setTimeout(() => this.update(this.session.model), (left_ms * (HELPS_AT - part)) / (1 - part));
  }

  /** @type {import('./proposal-toast.js').ProposalToast|null} */ #toast = null;
  #toastComes = false;

  /** What somebody would like, and all may say. @param {Model} model */
  #proposal(model) {
    this.#toast?.update(model);
    if (!model.state.proposal || this.#toastComes) return;
    this.#toastComes = true;
    import('./proposal-toast.js').then(async ({ ProposalToast }) => {
      const toast = (this.#toast = new ProposalToast(this.session));
      await toast.dressed;
      this.append(toast.element);
      toast.update(this.session.model);
    }, () => (this.#toastComes = false));
  }

  /** @param {string} id @param {string} picture @param {() => void} press */
  #button(id, picture, press) {
    return h('button', { type: 'button', class: 'text-button', id: id === 'join' ? 'join-round' : id, onclick: press }, icon(picture), t(`stage.${id}`));
  }

  #needDesk() {
    this.#coming ??= this.#fetchDesk().catch((why) => {
      this.#coming = null;
      throw why;
    });
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

/** The line above the prompt: which game, its rule, how far; and under it who plays, who has the word, who is next. */
import { h, keep, say, set } from '../lib/dom.js';
import { shapeOf } from '../lib/shape.js';
import { t } from '../lib/text.js';
import { castOf, levelAt, maskOfAll, partIn, shortened, starterIn, startsSelf } from '../room/head.js';
import { gameOf, offer } from '../wire/games.js';
import { View } from './view.js';

/** @typedef {import('../session/model.js').Model} Model */
/** @typedef {import('../room/head.js').Person} Person */

const FULL_NAMES = 2; // as many fit on a phone

export class StageHead extends View {
  #frame = 0;
  #asked = false;
  #since_ms = 0;
  #heard = '';
  /** @type {import('./stage-signs.js').StageSigns|null} */ #signs = null;

  build() {
    this.name = h('strong', { class: 'head-name', dir: 'auto' });
    this.rule = h('span', { class: 'head-rule', dir: 'auto' });
    this.count = h('span', { class: 'head-count', id: 'progress' });
    this.mask = h('span', { class: 'head-mask', id: 'mask-of-all' });
    this.line = h('p', { class: 'head-line', id: 'game' }, this.name, ' ', this.count, ' ', this.rule, ' ', this.mask);
    this.people = h('ul', { class: 'people', id: 'people', 'aria-label': t('head.people') });
    this.by = h('p', { class: 'head-by' });
    this.append(this.line, this.by, this.people);
  }

  /** @param {Model} model */
  update(model) {
    const { state, me, joined } = model;
    const { status } = this.session.round;
    const part = partIn(model, status);
    const isPlaying = part === 'you' || (part === 'all' && model.playing);
    set(document.body, { 'data-part': joined ? part : 'none', 'data-you': String(joined && isPlaying), 'data-act': state.round ? (status.turn?.act ?? 'speak') : 'none' });
    document.body.style.setProperty('--me', me?.colour ?? '');
    if (state.round ?? state.last_round) this.#need(state.language);
    if (joined) this.#needSigns();
    this.#signs?.update(model);
    this.hidden = !state.round;
    if (!state.round) return this.#stop();
    this.#tell(model);
    this.#move(model);
  }

  /** @param {Model} model */
  #tell(model) {
    const { status } = this.session.round;
    const game = gameOf(model.state.round?.game);
    const { number = 0, of = 0 } = status.turn ?? {};
    const by = startsSelf(model, status.turn) ? '' : starterIn(model, status);
    for (const part of [this.name, this.rule]) if (part) part.lang = model.state.language;
    say(/** @type {Element} */ (this.name), game?.name ?? '');
    say(/** @type {Element} */ (this.rule), model.state.round?.company?.length ? t(model.state.round.duet ? 'head.duet' : 'head.company') : (game?.short ?? ''));
    say(/** @type {Element} */ (this.by), by ? t('head.by', { name: by }) : (this.#signs?.duet(model.state) ?? ''));
    say(/** @type {Element} */ (this.count), of > 1 && number ? t('head.count', { n: Math.min(number, of), of }) : '');
    const mask = maskOfAll(model.state);
    say(/** @type {Element} */ (this.mask), mask ? t('mask.all', { mask: t(`mask.${mask}`) }) : '');
    const cast = castOf(model, status);
    const isFew = cast.length <= FULL_NAMES;
    keep(/** @type {Element} */ (this.people), cast, ({ id }) => id, person, (item, one) => draw(item, one, isFew));
  }

  /** The speaker's dot moves with the sound: one's own by the microphone, others' by the picture of what is on air. @param {Model} model */
  #move(model) {
    const { onAir, replaying, speaking, me } = model;
    const heard = replaying ?? onAir ?? '';
    if (heard !== this.#heard) this.#since_ms = performance.now();
    this.#heard = heard;
    cancelAnimationFrame(this.#frame);
    if (!heard && speaking !== 'live') return this.#level('', 0);
    const clip = this.session.round.status.turn?.act === 'vote' ? undefined : model.state.clips.get(heard);
    const part = (performance.now() - this.#since_ms) / (clip?.duration_ms || 1);
    if (speaking === 'live') this.#level(me?.id ?? '', this.session.level);
    else this.#level(clip?.by?.id ?? '', levelAt(clip?.peaks ?? [], part));
    this.#frame = requestAnimationFrame(() => this.#move(this.session.model));
  }

  /** @param {string} voice @param {number} level */
  #level(voice, level) {
    for (const item of /** @type {NodeListOf<HTMLElement>} */ (this.querySelectorAll('.person'))) {
      item.style.setProperty('--level', item.dataset.voice === voice ? level.toFixed(2) : '0');
    }
  }

  #stop() {
    cancelAnimationFrame(this.#frame);
  }

  /** The names of games, once. @param {string} language */
  async #need(language) {
    if (this.#asked) return;
    this.#asked = true;
    try {
      await offer(language);
      this.update(this.session.model);
    } catch {
      this.#asked = false; // the next change of the room asks again
    }
  }

  #fetching = false;

  async #needSigns() {
    if (this.#fetching) return;
    this.#fetching = true;
    try {
      const { StageSigns } = await import('./stage-signs.js');
      this.#signs = new StageSigns(this.session);
      this.#signs.update(this.session.model);
    } catch {
      this.#fetching = false; // the next change asks again
    }
  }
}

/** @param {Person} one */
function person({ id }) {
  return h('li', { class: 'person', 'data-voice': id }, h('span', { class: 'face', 'data-shape': shapeOf(id), 'aria-hidden': 'true' }), h('span', { class: 'person-name' }), h('span', { class: 'person-mark' }));
}

/** @param {HTMLElement} item @param {Person} one @param {boolean} isFew */
function draw(item, { name, colour, has, next, lit, spoke, you }, isFew) {
  item.style.setProperty('--voice', colour);
  set(item, { 'data-has': String(has), 'data-next': String(next), 'data-lit': String(lit), 'data-spoke': String(spoke), title: name });
  const words = you ? t('clip.you') : has || isFew ? name : shortened(name);
  say(/** @type {Element} */ (item.children[1]), words || t('phase.someone'));
  say(/** @type {Element} */ (item.children[2]), has ? t('head.has') : next ? t('head.next') : '');
}

customElements.define('stage-head', StageHead);

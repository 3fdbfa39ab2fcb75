/** The takes of a round: to vote on while it asks for it, to hear as one piece when it is over. */
import { h, icon, keep, say, set } from '../lib/dom.js';
import { t } from '../lib/text.js';

/** @typedef {import('../session/model.js').Model} Model */
/** @typedef {import('../wire/protocol.js').Round} Round */
/** @typedef {import('../wire/protocol.js').Take} Take */

const A_HEART = 1;
const A_CHALLENGE = -1;

export class RoundTakes {
  #playing = false;
  /** @type {string[]} */ #replay = [];

  /** @param {import('../session/session.js').Session} session */
  constructor(session) {
    this.session = session;
    this.list = h('ol', { class: 'takes' });
    this.words = h('span', {});
    this.replay = h('button', { type: 'button', class: 'quiet', id: 'replay', hidden: true, onclick: () => this.#playAll() }, icon('play'), icon('stop'), this.words);
    this.challenge = h('button', { type: 'button', class: 'quiet', id: 'challenge', hidden: true, onclick: () => this.#challenge() }, t('round.challenge'));
    this.again = h('button', { type: 'button', class: 'quiet', id: 'again', hidden: true, onclick: () => this.session.send('again') }, t('round.again'));
    this.element = h('div', { class: 'round-takes' }, h('div', { class: 'sheet-row' }, this.replay, this.challenge, this.again), this.list);
  }

  /** @param {Model} model */
  update(model) {
    const { state } = model;
    const round = state.round ?? state.last_round;
    const votes = state.round?.turns.at(-1)?.act === 'vote';
    const all = votes || !state.round; // while one speaks after the other, only what was written is not elsewhere
    const takes = (round?.takes ?? []).filter(({ hidden, written }) => !hidden && (all || written));
    const draw = (/** @type {HTMLElement} */ row, /** @type {Take} */ take) => round && this.#draw(row, take, round, model);
    keep(this.list, takes, ({ clip }) => clip, (take) => this.#row(take, model), draw);
    this.#replay = (state.round ? [] : (round?.closing?.replay ?? [])).filter((clip) => state.clips.has(clip));
    set(this.replay, { hidden: this.#replay.length < 2, 'data-playing': String(this.#playing) });
    say(this.words, t(this.#playing ? 'round.stop' : 'round.replay'));
    set(this.challenge, { hidden: !this.#challengeable(model) });
    set(this.again, { hidden: Boolean(state.round) || !state.last_round || state.closed });
  }

  /** The newest take, where others may say that it broke the rule. @param {Model} model */
  #challengeable({ state: { round }, me, room }) {
    const take = round && room?.challenged?.includes(round.game) ? round.takes.at(-1) : null;
    const isMine = take?.voice === me?.id || round?.votes.some((vote) => vote.clip === take?.clip && vote.voice === me?.id);
    return take && !isMine ? { round: take && round?.id, clip: take.clip } : null;
  }

  #challenge() {
    const asked = this.#challengeable(this.session.model);
    if (asked) this.session.send('vote', { ...asked, value: A_CHALLENGE });
  }

  /** @param {Take} take @param {Model} model */
  #row({ clip, voice, written }, { state, presence }) {
    const by = state.clips.get(clip)?.by ?? presence.voices.get(voice);
    const name = by?.name ?? '…';
    const vote = () => this.session.send('vote', { round: (this.session.model.state.round ?? this.session.model.state.last_round)?.id, clip, value: A_HEART });
    const play = !written && h('button', { type: 'button', class: 'icon-button', 'aria-label': t('round.play', { name }), onclick: () => this.session.replay.play(clip) }, icon('play'));
    const row = h('li', { class: 'take', 'data-take': clip }, h('span', { class: 'dot' }), h('span', { class: 'take-words', dir: 'auto' }), play || null,
      h('button', { type: 'button', class: 'heart', 'aria-label': t('round.heart', { name }), onclick: vote }, icon('heart'), h('span', { class: 'hearts' })));
    row.style.setProperty('--voice', by?.colour ?? '');
    row.dataset.name = name;
    return row;
  }

  /** @param {HTMLElement} row @param {Take} take @param {Round} round @param {Model} model */
  #draw(row, { clip, voice, text }, round, { state, me, room, onAir, replaying }) {
    const votes = round.votes.filter((vote) => vote.clip === clip && vote.value > 0);
    const mine = votes.some((vote) => vote.voice === me?.id);
    const words = state.clips.get(clip)?.caption ?? text;
    row.dataset.lit = String(onAir === clip || replaying === clip);
    say(/** @type {Element} */ (row.querySelector('.take-words')), words || (row.dataset.name ?? ''));
    say(/** @type {Element} */ (row.querySelector('.hearts')), votes.length ? String(votes.length) : '');
    const heart = /** @type {HTMLButtonElement} */ (row.querySelector('.heart'));
    set(heart, { 'aria-pressed': String(mine), hidden: room?.scored === false });
    heart.disabled = mine || voice === me?.id;
  }

  /** One piece, clip after clip; each is lit while it sounds. */
  async #playAll() {
    const { session } = this;
    if (this.#playing) {
      this.#playing = false;
      return session.player.stop();
    }
    this.#playing = true;
    for (const clip of this.#replay) if (this.#playing) await session.replay.play(clip);
    this.#playing = false;
    this.update(session.model);
  }
}

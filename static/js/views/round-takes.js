/** The takes of a round: to vote on while it asks for it, without names until the vote is over; to hear as one piece after it. */
import { h, icon, keep, say, set } from '../lib/dom.js';
import { SHAPES } from '../lib/shape.js';
import { t } from '../lib/text.js';
import { stagedIn, takesSeen, voiceOf } from '../room/head.js';

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
    const takes = round ? shownIn(round, model) : [];
    const votes = Boolean(state.round) && state.round?.turns.at(-1)?.act === 'vote';
    this.list.dataset.votes = String(votes);
    this.list.dataset.runs = String(Boolean(state.round) && !votes);
    const draw = (/** @type {HTMLElement} */ row, /** @type {Take} */ take) => round && this.#draw(row, take, round, model, votes ? stagedIn(round).indexOf(take.clip) : -1);
    keep(this.list, takes, ({ clip }) => clip, (take) => this.#row(take), draw);
    const seen = new Set(takes.map(({ clip }) => clip));
    this.#replay = (state.round ? [] : (round?.closing?.replay ?? [])).filter((clip) => state.clips.has(clip) && seen.has(clip));
    set(this.replay, { hidden: this.#replay.length < 2, 'data-playing': String(this.#playing) });
    say(this.words, t(this.#playing ? 'round.stop' : 'round.replay'));
    set(this.challenge, { hidden: !this.#challengeable(model) });
    set(this.again, { hidden: Boolean(state.round) || !state.last_round || state.closed });
  }

  /** The newest take, where others may say that it broke the rule; never while one speaks oneself. @param {Model} model */
  #challengeable({ state: { round }, me, room, mine, phase }) {
    const take = round && room?.challenged?.includes(round.game) ? round.takes.at(-1) : null;
    const isMine = take?.voice === me?.id || round?.votes.some((vote) => vote.clip === take?.clip && vote.voice === me?.id);
    const isBusy = mine && phase !== 'over' && Boolean(round?.turns.at(-1)?.voice);
    return take && !isMine && !isBusy ? { round: take && round?.id, clip: take.clip } : null;
  }

  #challenge() {
    const asked = this.#challengeable(this.session.model);
    if (asked) this.session.send('vote', { ...asked, value: A_CHALLENGE });
  }

  /** The whole card is the vote: it can be pressed while it plays. @param {Take} take */
  #row({ clip, written }) {
    const vote = () => this.session.send('vote', { round: (this.session.model.state.round ?? this.session.model.state.last_round)?.id, clip, value: A_HEART });
    const play = !written && h('button', { type: 'button', class: 'icon-button', onclick: () => this.session.replay.play(clip) }, icon('play'));
    return h('li', { class: 'take', 'data-take': clip, 'data-written': String(written) },
      h('button', { type: 'button', class: 'heart', onclick: vote }, h('span', { class: 'face', 'aria-hidden': 'true' }), h('span', { class: 'take-words', dir: 'auto' }), icon('heart'), h('span', { class: 'hearts' })), play || null);
  }

  /** @param {HTMLElement} row @param {Take} take @param {Round} round @param {Model} model @param {number} place among those to vote on, else -1 */
  #draw(row, { clip, voice, text }, round, model, place) {
    const { state, me, room, onAir, replaying } = model;
    const votes = round.votes.filter((vote) => vote.clip === clip && vote.value > 0);
    const mine = votes.some((vote) => vote.voice === me?.id);
    const by = voiceOf(model, voice);
    const name = place < 0 ? (by?.name ?? '…') : voice === me?.id ? t('clip.you') : t('round.unknown', { n: place + 1 });
    row.style.setProperty('--voice', place < 0 ? (by?.colour ?? '') : '');
    row.dataset.lit = String(onAir === clip || replaying === clip);
    const heart = /** @type {HTMLButtonElement} */ (row.querySelector('.heart'));
    set(/** @type {Element} */ (row.querySelector('.face')), { 'data-shape': place < 0 ? 'circle' : SHAPES[place % SHAPES.length] });
    say(/** @type {Element} */ (row.querySelector('.take-words')), [name, state.clips.get(clip)?.caption ?? text].filter(Boolean).join(': '));
    say(/** @type {Element} */ (row.querySelector('.hearts')), votes.length && place < 0 ? String(votes.length) : '');
    set(heart, { 'aria-pressed': String(mine), 'aria-label': t('round.heart', { name }) });
    heart.disabled = mine || voice === me?.id || room?.scored === false;
    row.querySelector('.icon-button')?.setAttribute('aria-label', t('round.play', { name }));
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

/** What is shown: those that were put up for the vote, else all; of a running round narrow pages show what was written alone. @param {Round} round @param {Model} model */
function shownIn(round, model) {
  const seen = takesSeen(round, model);
  if (!model.state.round || round.turns.at(-1)?.act !== 'vote') return seen;
  return stagedIn(round).flatMap((clip) => seen.find((take) => take.clip === clip) ?? []);
}

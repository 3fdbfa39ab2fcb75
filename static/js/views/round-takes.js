/** The takes of a round: to vote on while it asks for it, without names until the vote is over; to hear as one piece after it. */
import { h, icon, keep, say, set } from '../lib/dom.js';
import { SHAPES, signed } from '../lib/shape.js';
import { t } from '../lib/text.js';
import { calmOf, stagedIn, takesSeen, voiceOf } from '../room/head.js';

/** @typedef {import('../session/model.js').Model} Model */
/** @typedef {import('../wire/protocol.js').Round} Round */
/** @typedef {import('../wire/protocol.js').Take} Take */

const A_HEART = 1;
const A_CHALLENGE = -1;
const THUMBS = [1, -1];

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
    this.thumbs = THUMBS.map((value) => h('button', { type: 'button', class: 'quiet', 'data-thumb': value, onclick: () => this.#thumb(value) }, icon(value > 0 ? 'keep' : 'close'), t(value > 0 ? 'round.same.yes' : 'round.same.no')));
    this.same = h('div', { class: 'sheet-row', id: 'same', role: 'group', 'aria-label': t('act.same'), hidden: true }, ...this.thumbs);
    this.element = h('div', { class: 'round-takes' }, h('div', { class: 'sheet-row' }, this.replay, this.challenge, this.again), this.same, this.list);
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
    this.#drawThumbs(model);
    set(this.again, { hidden: Boolean(state.round) || !state.last_round || state.closed });
  }

  /** The newest take, where others may say that it broke the rule; never while one speaks oneself, nor in a vote, which is about unknown voices. @param {Model} model */
  #challengeable({ state, me, room, mine, phase }) {
    const { round } = state;
    const newest = round?.takes.at(-1);
    const isJudged = round && newest && (room?.challenged?.includes(round.game) || (room?.thumbs?.includes(round.game) && isUnread(newest, round, state)));
    const take = isJudged ? newest : null;
    const isMine = take?.voice === me?.id || round?.votes.some((vote) => vote.clip === take?.clip && vote.voice === me?.id);
    const isVote = round?.turns.at(-1)?.act === 'vote';
    const isBusy = mine && phase !== 'over' && Boolean(round?.turns.at(-1)?.voice);
    return take && !isMine && !isBusy && !isVote ? { round: take && round?.id, clip: take.clip } : null;
  }

  /** Whether two takes were one word is said once, about both: one's own cannot be judged. @param {Model} model */
  #drawThumbs({ state: { round }, me }) {
    const asked = asks(round, 'same') ? stagedIn(round) : [];
    const said = round?.votes.find(({ clip, voice }) => asked.includes(clip) && voice === me?.id);
    set(this.same, { hidden: !asked.length });
    this.list.dataset.same = String(asked.length > 0);
    for (const [at, button] of this.thumbs.entries()) {
      set(button, { 'aria-pressed': String(said?.value === THUMBS[at]) });
      button.disabled = Boolean(said);
    }
  }

  /** @param {number} value */
  #thumb(value) {
    const { state: { round }, me } = this.session.model;
    const other = round?.takes.find(({ clip, voice }) => stagedIn(round).includes(clip) && voice !== me?.id);
    if (round && other) this.session.send('vote', { round: round.id, clip: other.clip, value });
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
    const { state, me, onAir, replaying } = model;
    const votes = round.votes.filter((vote) => vote.clip === clip && vote.value > 0);
    const mine = votes.some((vote) => vote.voice === me?.id);
    const by = voiceOf(model, voice);
    const name = place < 0 ? (signed(by) || '…') : voice === me?.id ? t('clip.you') : t('round.unknown', { n: place + 1 });
    row.style.setProperty('--voice', place < 0 ? (by?.colour ?? '') : '');
    row.dataset.lit = String(onAir === clip || replaying === clip);
    const heart = /** @type {HTMLButtonElement} */ (row.querySelector('.heart'));
    set(/** @type {Element} */ (row.querySelector('.face')), { 'data-shape': place < 0 ? 'circle' : SHAPES[place % SHAPES.length] });
    const words = /** @type {HTMLElement} */ (row.querySelector('.take-words'));
    words.lang = state.language;
    const told = [name, state.clips.get(clip)?.caption ?? text].filter(Boolean).join(': ');
    const count = votes.length && place < 0 ? String(votes.length) : '';
    say(words, told);
    say(/** @type {Element} */ (row.querySelector('.hearts')), count);
    set(heart, { 'aria-pressed': String(mine), 'aria-label': `${t(asks(round, 'judge') ? 'round.right' : 'round.heart', { name: told })} ${count}`.trim() });
    heart.disabled = mine || voice === me?.id || !mayLike(model);
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

/** Whether nobody goes by the words of a take: none were heard, or they are too uncertain (`games/captions.py`). @param {Take} take @param {Round} round @param {import('../room/state.js').RoomState} state */
export function isUnread({ clip, turn, text, written }, round, { language, clips }) {
  if (written) return false;
  const isWord = round.turns.find((one) => one.turn === turn)?.max_words === 1;
  if (language === 'de' && (isWord || (text && !/\s/.test(text.trim())))) return true;
  return text === '' || (isWord && Boolean(clips.get(clip)?.masked));
}

/** Whether the running vote asks for something of its own. @param {Round|null} round @param {string} role */
function asks(round, role) {
  const turn = round?.turns.at(-1);
  return turn?.act === 'vote' && turn.role === role;
}

/** Whether a card can be pressed: not where both thumbs are asked for, or where another one judges. @param {Model} model */
function mayLike({ me, room, state }) {
  const turn = state.round?.turns.at(-1);
  if (turn?.act === 'vote' && turn.role) return calmOf(turn, me) === 'act.judge';
  return room?.scored !== false;
}

/** What is shown: those that were put up for the vote, else all; of a running round narrow pages show what was written alone. @param {Round} round @param {Model} model */
function shownIn(round, model) {
  const seen = takesSeen(round, model);
  if (!model.state.round || round.turns.at(-1)?.act !== 'vote') return seen;
  return stagedIn(round).flatMap((clip) => seen.find((take) => take.clip === clip) ?? []);
}

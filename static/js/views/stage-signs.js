/** What the stage tells beside its words: tones, a shake, what screen readers say, ripples of laughter. Fetched when somebody came in. */
import '../lib/words-play.js';
import { Cues, lengthOf, SHAKES } from '../audio/cues.js';
import { announce } from '../lib/announce.js';
import { get } from '../lib/preferences.js';
import { recall, remember } from '../lib/storage.js';
import { duetLine } from '../room/duet.js';
import { partIn } from '../room/head.js';
import { newsOf, UNTOLD } from '../room/news.js';
import { statusOf } from '../room/round.js';
import { gameOf } from '../wire/games.js';

/** @typedef {import('../session/model.js').Model} Model */
/** @typedef {import('../audio/cues.js').Cue} Cue */

const TURN_OVER_MS = 120; // the turn cue is over this long before "go", or it would be in the take
const LATE_MS = 60; // a cue later than this is left out
const STEP_MS = 20; // how exactly the ticks of a count-in are known
const NEW_MS = 1_000; // an end older than this is no news
const COUNTED = new Set(['tick']);
const OPEN = new Set(['opening', 'live']);
const COUNTED_AFTER_MS = 3_000; // the log was heard by then

export class StageSigns {
  #told = UNTOLD;
  #planned = '';
  #ended = '';
  #next = '';
  /** @type {string|null} */ #undo = null;
  /** @type {ReturnType<typeof setTimeout>[]} */ #timers = [];
  /** @type {ReturnType<typeof setTimeout>[]} */ #ripples = [];
  #rippling = '';
  #seen = 0;
  #counts = false;

  /** @param {import('../session/session.js').Session} session @param {Cues} [cues] */
  constructor(session, cues = new Cues()) {
    this.session = session;
    this.cues = cues;
    for (const gesture of ['pointerdown', 'keydown']) document.addEventListener(gesture, () => this.cues.prepare(), { once: true });
    setTimeout(() => this.#welcomeBack(), COUNTED_AFTER_MS);
  }

  /** @param {Model} model */
  update(model) {
    const { status } = this.session.round;
    const part = partIn(model, status);
    const { told, lines } = newsOf(this.#told, { game: gameOf(model.state.round?.game), part, status, model, now_ms: Date.now() });
    // What was over before one came in is no news.
    if (this.#told !== UNTOLD || model.state.round) for (const line of lines) announce(line);
    this.#told = told;
    this.#planTurn(model, status, part);
    this.#tellNext(model, status);
    this.#tellEnd(model);
    if (model.undo && model.undo !== this.#undo) this.sign('landed');
    this.#undo = model.undo;
    this.#ripple(model);
    if (this.#counts) this.#count(model);
  }

  /** Who went first in a duet, and when. @param {import('../room/state.js').RoomState} state */
  duet({ round }) {
    return duetLine(round, Date.now());
  }

  /** Sound and shake, as far as they are wanted; never into an open microphone. @param {Cue} cue */
  sign(cue) {
    const { speaking, wantsSound } = this.session.model;
    if (OPEN.has(speaking)) return;
    if (get('sounds') && wantsSound && !(COUNTED.has(cue) && this.#isSpokenTo())) this.cues.play(cue, get('volume'));
    const shake = SHAKES[cue];
    if (shake && get('vibration')) navigator.vibrate?.(shake);
  }

  /** Whether the radio counts in. Whose turn it is, the page tells its visitor too: turns of one word leave the radio no time. */
  #isSpokenTo() {
    const { room, state, hearing } = this.session.model;
    return Boolean(room?.voice) && state.voice !== false && get('spoken') && (hearing === 'radio' || hearing === 'files');
  }

  /** The ticks of a count-in, and the tones that say "you". @param {Model} model @param {import('../room/round.js').RoundStatus} status @param {import('../room/head.js').Part} part */
  #planTurn(model, { turn, phase }, part) {
    const name = turn && phase === 'count-in' && part !== 'none' ? `${turn.round} ${turn.turn} ${part}` : '';
    if (name === this.#planned) return;
    this.#planned = name;
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
    if (!name || !turn || !model.joined) return;
    const left_ms = this.session.clock.until_ms(turn.go_at_ms);
    const mine = part === 'you' || (part === 'all' && model.playing);
    const turn_ms = left_ms - TURN_OVER_MS - lengthOf('turn');
    for (const { wait_ms, count } of this.#beats(model, left_ms)) if (!mine || count > 1) this.#in(wait_ms, 'tick');
    if (mine) this.#in(turn_ms, 'turn');
  }

  /** When each number of the count-in appears. @param {Model} model @param {number} left_ms */
  #beats({ state, me }, left_ms) {
    const { server_ms } = this.session.clock;
    /** @type {{wait_ms: number, count: number}[]} */
    const beats = [];
    for (let wait_ms = 0; wait_ms < left_ms; wait_ms += STEP_MS) {
      const { count } = statusOf(state, me?.id ?? '', server_ms + wait_ms);
      if (count && count !== beats.at(-1)?.count) beats.push({ wait_ms, count });
    }
    return beats;
  }

  /** @param {number} wait_ms @param {Cue} cue */
  #in(wait_ms, cue) {
    if (wait_ms > -LATE_MS) this.#timers.push(setTimeout(() => this.sign(cue), Math.max(0, wait_ms)));
  }

  /** @param {Model} model @param {import('../room/round.js').RoundStatus} status */
  #tellNext({ me }, { turn }) {
    const name = turn && turn.next && turn.next === me?.id ? `${turn.round} ${turn.turn}` : '';
    if (name && name !== this.#next) this.sign('next');
    this.#next = name;
  }

  /** @param {Model} model */
  #tellEnd({ state }) {
    const ended = state.round ? null : state.last_round;
    const name = ended?.closing && this.session.clock.server_ms - ended.closing.at_ms < NEW_MS ? ended.id : '';
    if (!name || name === this.#ended || !ended?.closing) return;
    this.#ended = name;
    const { length = 0 } = ended.closing.winners ?? [];
    this.sign(length > 1 ? 'tie' : length ? 'winner' : 'curtain');
  }

  /** Laughter ripples where it was given, whenever the clip sounds. @param {Model} model */
  #ripple({ state, onAir, replaying }) {
    const clip = replaying ?? onAir ?? '';
    const places = state.ripples.get(clip) ?? [];
    if (clip !== this.#rippling) {
      for (const timer of this.#ripples.splice(0)) clearTimeout(timer);
      this.#ripples = clip ? places.map((at_ms) => setTimeout(() => this.#show(clip), at_ms)) : [];
    } else if (clip && places.length > this.#seen) this.#show(clip);
    this.#rippling = clip;
    this.#seen = places.length;
  }

  /** @param {string} clip */
  #show(clip) {
    const voice = this.session.model.state.clips.get(clip)?.by?.id ?? '';
    const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches;
    for (const place of document.querySelectorAll(`[data-voice="${CSS.escape(voice)}"] .face, [data-clip="${CSS.escape(clip)}"], [data-take="${CSS.escape(clip)}"]`)) {
      const glow = { boxShadow: '0 0 0 4px var(--gold)' };
      place.animate(isStill ? [glow, glow] : [{ transform: 'scale(1.08)', ...glow }, { transform: 'scale(1)', boxShadow: '0 0 0 16px transparent' }], 500);
    }
    this.sign('ripple');
  }

  /** What others made of one's voice while one was away. */
  #welcomeBack() {
    const { model, notices, id } = this.session;
    const before = recall(`laughs.${id}`, 0);
    const now = laughsAt(model);
    this.#counts = true;
    this.#count(model);
    if (now > before && model.joined) notices.pass({ code: 'laughed', values: { n: String(now - before) } });
  }

  #counted = -1;

  /** @param {Model} model */
  #count(model) {
    const now = laughsAt(model);
    if (now !== this.#counted) remember(`laughs.${this.session.id}`, (this.#counted = now));
  }
}

/** How often others reacted to one's own clips. @param {Model} model */
function laughsAt({ state, me }) {
  const own = [...state.reactions].filter(([clip]) => me && state.clips.get(clip)?.by?.id === me.id);
  return own.reduce((sum, [, given]) => sum + [...given.values()].flat().filter((voice) => voice !== me?.id).length, 0);
}

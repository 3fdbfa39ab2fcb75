/**
 * Plays along: for a turn that is ours the microphone is warm in the count-in, the take begins with
 * "go" and ends with the window.
 */
import { closesAt } from '../room/round.js';

const LEAD_MS = 150; // the command is at the server by "go"; its pre-roll covers the rest
const BUSY_MS = 100;
const RESTS_AFTER = 3; // silent takes in a row: nobody is at this microphone

/** @typedef {import('../wire/protocol.js').Turn} Turn */

export class Turns {
  /** @type {ReturnType<typeof setTimeout>[]} */ #timers = [];
  /** @type {Turn|null} */ #turn = null;
  #begun = false;
  #closed = false;
  #silent = 0;

  /**
   * @param {{speaker: Pick<import('./speaker.js').Speaker, 'isBusy'|'isHeard'|'prepare'|'begin'|'endAtPause'>, clock: Pick<import('../room/clock.js').Clock, 'until_ms'>,
   *   limit_ms: (turn: Turn) => number, pace: () => number, stepBack: () => void}} parts
   */
  constructor({ speaker, clock, limit_ms, pace, stepBack }) {
    this.speaker = speaker;
    this.clock = clock;
    this.limit_ms = limit_ms;
    this.pace = pace;
    this.stepBack = stepBack;
  }

  /** Follow the round; null when there is none for us. @param {Turn|null} turn */
  plan(turn) {
    if (nameOf(turn) !== nameOf(this.#turn)) {
      this.#begun = this.#closed = false;
      this.speaker.endAtPause(); // what was begun for another turn must not keep us out of this one
      if (turn && this.#left_ms(turn) > 0) this.speaker.prepare().catch(() => {});
    }
    this.#turn = turn;
    this.reschedule();
  }

  /** Begin and end when the clock and the pace say so now. */
  reschedule() {
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
    const turn = this.#turn;
    if (!turn || this.#closed) return;
    if (!this.#begun && this.#left_ms(turn) > 0) this.#in(this.clock.until_ms(turn.go_at_ms - LEAD_MS), () => this.#begin(turn));
    this.#in(this.#left_ms(turn), () => this.#close(turn));
  }

  /** The take of this turn did not begin, for the connection was away: it begins when the room is planned anew. */
  missed() {
    this.#begun = false;
  }

  /** A take begun by a round came to its end. @param {boolean} heard */
  outcome(heard) {
    this.#silent = heard ? 0 : this.#silent + 1;
    if (this.#silent < RESTS_AFTER) return;
    this.#silent = 0;
    this.stepBack();
  }

  /** Begin, as soon as the take before is on its way. @param {Turn} turn */
  #begin(turn) {
    if (this.speaker.isBusy) {
      if (this.#left_ms(turn) > BUSY_MS) this.#in(BUSY_MS, () => this.#begin(turn));
      return;
    }
    this.#begun = true;
    this.speaker.begin({ turn, auto: true, limit_ms: this.limit_ms(turn) });
  }

  /** The window is over: who has begun to talk for longer than that goes on to the limit. @param {Turn} turn */
  #close(turn) {
    this.#closed = true;
    const talks = (turn.limit_ms ?? 0) > turn.closes_at_ms - turn.go_at_ms;
    if (!(talks && this.speaker.isHeard)) this.speaker.endAtPause();
  }

  /** How long the window is still open for us. @param {Turn} turn */
  #left_ms(turn) {
    return this.clock.until_ms(closesAt(turn, this.pace()));
  }

  /** @param {number} wait_ms @param {() => void} act */
  #in(wait_ms, act) {
    this.#timers.push(setTimeout(act, Math.max(0, wait_ms)));
  }
}

/** @param {Turn|null} turn */
function nameOf(turn) {
  return turn ? `${turn.round} ${turn.turn}` : '';
}

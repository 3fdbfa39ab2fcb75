/**
 * Plays along: for each turn that is ours the microphone is warm in the count-in, the take begins
 * with "go" and ends with the window.
 */

import { closesAt } from '../room/round.js';

const LEAD_MS = 150; // the wish is at the server by "go"; its pre-roll covers the rest
const BUSY_MS = 100;
const RESTS_AFTER = 3; // silent takes in a row: nobody is at this microphone

/** @typedef {import('../wire/protocol.js').Turn} Turn */

export class Turns {
  /** @type {ReturnType<typeof setTimeout>[]} */ #timers = [];
  #planned = '';
  #silent = 0;

  /**
   * @param {{speaker: import('./speaker.js').Speaker, clock: import('../room/clock.js').Clock,
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
    const name = turn ? `${turn.round} ${turn.turn}` : '';
    if (name === this.#planned) return;
    this.#planned = name;
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
    this.speaker.endGently(); // what was begun for another turn must not keep us out of this one
    if (turn && this.clock.until_ms(closesAt(turn, this.pace())) > 0) this.#expect(turn);
  }

  /** A take begun by a round came to its end. @param {boolean} heard */
  outcome(heard) {
    this.#silent = heard ? 0 : this.#silent + 1;
    if (this.#silent < RESTS_AFTER) return;
    this.#silent = 0;
    this.stepBack();
  }

  /** @param {Turn} turn */
  #expect(turn) {
    this.speaker.warm().catch(() => {});
    this.#at(turn.go_at_ms - LEAD_MS, () => this.#begin({ turn, auto: true, limit_ms: this.limit_ms(turn) }));
    this.#at(closesAt(turn, this.pace()), () => this.speaker.endGently());
  }

  /** Begin, as soon as the take before is on its way. @param {{turn: Turn, auto: true, limit_ms: number}} wish */
  #begin(wish) {
    if (!this.speaker.isBusy) this.speaker.begin(wish);
    else if (this.clock.until_ms(closesAt(wish.turn, this.pace())) > BUSY_MS) this.#timers.push(setTimeout(() => this.#begin(wish), BUSY_MS));
  }

  /** @param {number} at_ms @param {() => void} act */
  #at(at_ms, act) {
    this.#timers.push(setTimeout(act, Math.max(0, this.clock.until_ms(at_ms))));
  }
}

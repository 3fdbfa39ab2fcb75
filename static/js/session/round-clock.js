/** Where the round stands now: keeps the model at it, and looks again when that is over. */
import { isDrawnIn, isFor } from '../room/play.js';
import { statusOf } from '../room/round.js';
import { paceOf } from './model.js';

export class RoundClock {
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #over;

  /**
   * @param {import('./model.js').Reader} read @param {import('./model.js').Setter<'phase'|'mine'>} set
   * @param {import('../room/clock.js').Clock} clock
   */
  constructor(read, set, clock) {
    this.read = read;
    this.set = set;
    this.clock = clock;
  }

  /** Where the round stands, for this voice. */
  get status() {
    const model = this.read();
    return statusOf(model.state, model.me?.id ?? '', this.clock.server_ms, paceOf(model));
  }

  /** The turn in which this voice may speak now or soon, else null. */
  get openTurn() {
    const { mine, phase, turn } = this.status;
    return mine && (phase === 'window' || phase === 'count-in') ? turn : null;
  }

  /** The turn for which the microphone opens by itself; null when there is none. */
  get playedTurn() {
    const { state: { round }, me, room, playing } = this.read();
    const turn = round?.turns.at(-1);
    const id = me?.id ?? '';
    return playing && round && turn && isFor(turn, id) && isDrawnIn(round, id, room) ? turn : null;
  }

  /** Look now, for the round, the clock or the pace has changed. */
  update() {
    const { phase, mine, left_ms } = this.status;
    const model = this.read();
    if (phase !== model.phase || mine !== model.mine) this.set({ phase, mine });
    clearTimeout(this.#over);
    if (left_ms > 0) this.#over = setTimeout(() => this.update(), left_ms);
  }
}

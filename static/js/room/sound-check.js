/** What a microphone test says of a voice: loud and clear, or what is wrong with it. Pure: levels in, a word out. */
import { Onset } from './onset.js';

/** @typedef {'waiting'|'nothing'|'quiet'|'clipping'|'good'} Verdict */

const NEEDED = 30; // hops of 10 ms with a voice in them, until there is a verdict
const KEPT = 100; // the newest: who comes closer is heard anew
const NOTHING = 500; // hops: whoever has not been heard for 5 s will not be
const QUIET_DB = -42;
const CLIPPED = 0.985; // of full scale
const CLIPS_OFTEN = 0.04; // of the hops

export class SoundCheck {
  #onset = new Onset();
  /** @type {{db: number, clips: boolean}[]} */ #voiced = [];
  #silent = 0;

  /** @param {import('./onset.js').Hop} hop */
  hear(hop) {
    this.#onset.hear(hop);
    this.#silent = this.#onset.isLoud ? 0 : this.#silent + 1;
    if (!this.#onset.isLoud) return;
    this.#voiced.push({ db: this.#onset.level_db, clips: (hop.peak ?? 0) >= CLIPPED });
    if (this.#voiced.length > KEPT) this.#voiced.shift();
  }

  /** @returns {Verdict} */
  get verdict() {
    const { length } = this.#voiced;
    if (length < NEEDED) return this.#silent >= NOTHING ? 'nothing' : 'waiting';
    if (this.#voiced.filter(({ clips }) => clips).length > length * CLIPS_OFTEN) return 'clipping';
    return this.#voiced.reduce((sum, { db }) => sum + db, 0) / length < QUIET_DB ? 'quiet' : 'good';
  }
}

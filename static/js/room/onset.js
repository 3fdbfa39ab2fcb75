/**
 * Finds the first sound of speech in the levels of a microphone. Pure: levels in, a time out.
 * The room's own noise is followed while nobody speaks, and speech must rise well above it.
 *
 * @typedef {{begins_s: number, rms: number, peak?: number}} Hop 10 ms of sound on the audio clock
 */

const QUIETEST_DB = -50; // below this nothing counts as speech
const ABOVE_NOISE_DB = 12;
const HOPS_NEEDED = 3; // 30 ms: a click is shorter
const NOISE_FOLLOWS = 0.05;

export class Onset {
  #noise_db = -70;
  #run = 0;
  #first_s = 0;

  /** When speech began, on the audio clock; null while it has not. @type {number|null} */
  at_s = null;
  level_db = -100;

  /** @param {Hop} hop */
  hear({ begins_s, rms }) {
    this.level_db = 20 * Math.log10(Math.max(rms, 1e-5));
    const loud = this.level_db > Math.max(QUIETEST_DB, this.#noise_db + ABOVE_NOISE_DB);
    if (!loud) {
      this.#noise_db += (this.level_db - this.#noise_db) * NOISE_FOLLOWS;
      this.#run = 0;
      return;
    }
    if (this.#run === 0) this.#first_s = begins_s;
    this.#run += 1;
    if (this.#run === HOPS_NEEDED) this.at_s ??= this.#first_s;
  }

  get isLoud() {
    return this.#run > 0;
  }

  /** Wait for the next beginning; the noise that was learnt stays. */
  rearm() {
    this.at_s = null;
    this.#run = 0;
  }
}

/**
 * The page's own sounds: pure tones, told apart by pitch and by rhythm. Made here, so that nothing is fetched.
 * Rising is good, falling is over.
 *
 * @typedef {'tick'|'go'|'next'|'turn'|'landed'|'passed'|'roll'|'winner'|'tie'|'curtain'|'ripple'} Cue
 * @typedef {{at_ms: number, hz: number, ms: number}} Tone
 */

const PEAK = 10 ** (-18 / 20); // -18 dBFS: under every voice
const EDGE_S = 0.005; // or a tone would click where it begins and ends
const AFTER_MS = 400; // how long the last tone of a fanfare rings on
const G4 = 392, E4 = 329.63, C4 = 261.63, C5 = 523.25, E5 = 659.25, G5 = 783.99, C6 = 1046.5;

/** Tones one after the other. @param {number} ms @param {...number} pitches @returns {Tone[]} */
function run(ms, ...pitches) {
  return pitches.map((hz, at) => ({ at_ms: at * ms, hz, ms }));
}

/** @type {Record<Cue, Tone[]>} */
export const SCORE = {
  tick: run(40, 660),
  go: run(90, 990),
  next: run(70, G4, C5),
  turn: run(60, C5, E5, G5),
  landed: run(30, 1320),
  passed: run(90, G4, E4),
  roll: Array.from({ length: 12 }, (_, at) => ({ at_ms: at * 70, hz: at % 2 ? 233 : 208, ms: 40 })),
  winner: [...run(110, C5, E5, G5), { at_ms: 330, hz: C6, ms: 110 + AFTER_MS }],
  tie: [{ at_ms: 0, hz: C5, ms: 110 }, { at_ms: 0, hz: G5, ms: 110 }, { at_ms: 180, hz: C5, ms: 110 }, { at_ms: 180, hz: G5, ms: 110 }],
  curtain: run(166, G4, E4, C4),
  ripple: run(15, 200),
};

/** How long each shakes a phone, and rests between. @type {Partial<Record<Cue, number[]>>} */
export const SHAKES = { next: [20], turn: [40, 60, 40], landed: [10], winner: [30, 40, 120] };

/** @param {Cue} cue */
export function lengthOf(cue) {
  return Math.max(...SCORE[cue].map(({ at_ms, ms }) => at_ms + ms));
}

export class Cues {
  /** @type {AudioContext|null} */ #context = null;

  /** @param {() => AudioContext} [make] */
  constructor(make = () => new AudioContext({ latencyHint: 'interactive' })) {
    this.make = make;
  }

  /** Call in a gesture: browsers keep pages silent until somebody touched them. */
  prepare() {
    this.#context ??= this.make();
    if (this.#context.state === 'suspended') this.#context.resume().catch(() => {});
  }

  /** @param {Cue} cue @param {number} volume 0 to 1 */
  play(cue, volume) {
    this.prepare();
    const context = /** @type {AudioContext} */ (this.#context);
    const tones = SCORE[cue];
    const together = tones.filter(({ at_ms }) => at_ms === tones[0].at_ms).length; // the sum of them is as loud as one
    for (const tone of tones) sound(context, tone, (PEAK * volume) / together);
  }
}

/** @param {AudioContext} context @param {Tone} tone @param {number} peak */
function sound(context, { at_ms, hz, ms }, peak) {
  const begins_s = context.currentTime + at_ms / 1000;
  const ends_s = begins_s + ms / 1000;
  const tone = context.createOscillator();
  const gain = context.createGain();
  tone.frequency.value = hz;
  gain.gain.setValueAtTime(0, begins_s);
  gain.gain.linearRampToValueAtTime(peak, begins_s + EDGE_S);
  gain.gain.setValueAtTime(peak, Math.max(begins_s + EDGE_S, ends_s - EDGE_S));
  gain.gain.linearRampToValueAtTime(0, ends_s);
  tone.connect(gain).connect(context.destination);
  tone.start(begins_s);
  tone.stop(ends_s);
}

/** A clip's picture from its peaks: bars around a middle line, and the same again for what is over. */
import { svg } from './dom.js';

const STEP = 4;
const HEIGHT = 36;
const LEAST = 1.2;

/** @param {number[]} peaks 0 to 100 @returns {string} an SVG path of bars */
export function barsOf(peaks) {
  return peaks
    .map((peak, at) => {
      const half = Math.max(LEAST, (Math.min(100, Math.max(0, peak)) / 100) * (HEIGHT / 2 - 1));
      return `M${at * STEP + STEP / 2} ${(HEIGHT / 2 - half).toFixed(1)}v${(half * 2).toFixed(1)}`;
    })
    .join('');
}

/** @param {number[]} peaks */
export function wave(peaks) {
  const d = barsOf(peaks);
  const viewBox = `0 0 ${Math.max(1, peaks.length) * STEP} ${HEIGHT}`;
  return svg('svg', { class: 'wave', viewBox, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    svg('path', { d }), svg('path', { d, class: 'wave-over' }));
}

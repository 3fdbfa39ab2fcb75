/** Plots of one's own reaction times, drawn as pictures; a table beside them says the same. */
import { svg } from '../lib/dom.js';
import { t } from '../lib/text.js';
import { BANDS } from '../room/spontaneity.js';

const WIDTH = 320;
const HEIGHT = 120;
const SLOWEST_MS = 5_000; // the top of the plot
const GAP = 2;

/** How many takes fell into each band. @param {Record<string, number>} counts */
export function bandBar(counts) {
  const all = BANDS.reduce((sum, [band]) => sum + counts[band], 0) || 1;
  let x = 0;
  const parts = BANDS.filter(([band]) => counts[band]).map(([band]) => {
    const width = (counts[band] / all) * WIDTH;
    const part = svg('rect', { x, y: 0, width: Math.max(1, width - GAP), height: 18, rx: 5, class: 'band', 'data-band': band });
    x += width;
    return part;
  });
  return svg('svg', { class: 'plot', viewBox: `0 0 ${WIDTH} 18`, role: 'img', 'aria-label': t('spontaneity.plot.bands') }, ...parts);
}

/** The middle reaction time of each day. @param {import('../room/spontaneity.js').Day[]} days */
export function trend(days) {
  const told = /** @type {{day: string, median_ms: number}[]} */ (days.filter(({ median_ms }) => median_ms !== null));
  const at = told.map(({ median_ms }, index) => [told.length > 1 ? 8 + (index * (WIDTH - 16)) / (told.length - 1) : WIDTH / 2, height(median_ms)]);
  const d = at.map(([x, y], index) => `${index ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`).join('');
  const dots = at.map(([cx, cy]) => svg('circle', { cx, cy, r: 3.5, class: 'trend-dot' }));
  const zones = BANDS.map(([band, ends_ms], index) => zone(band, index ? BANDS[index - 1][1] : 0, Math.min(ends_ms, SLOWEST_MS)));
  return svg('svg', { class: 'plot', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': t('spontaneity.plot.trend') }, ...zones, svg('path', { d, class: 'trend' }), ...dots);
}

/** @param {string} band @param {number} from_ms @param {number} to_ms */
function zone(band, from_ms, to_ms) {
  return svg('rect', { x: 0, y: height(to_ms), width: WIDTH, height: height(from_ms) - height(to_ms), class: 'zone', 'data-band': band });
}

/** @param {number} ms */
function height(ms) {
  return HEIGHT - (Math.min(SLOWEST_MS, Math.max(0, ms)) / SLOWEST_MS) * HEIGHT;
}

/** Numbers as people read them. */
import { language } from './text.js';

const tenths = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const hundredths = new Intl.NumberFormat(language, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const clock = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit' });

/** @param {number} ms */
export function seconds(ms) {
  return tenths.format(ms / 1000);
}

/** @param {number} ms */
export function reaction(ms) {
  return hundredths.format(ms / 1000);
}

/** @param {number} at_ms epoch */
export function time(at_ms) {
  return clock.format(at_ms);
}

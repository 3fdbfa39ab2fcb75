/** Numbers as people read them. */
import { language } from './text.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const tenths = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const hundredths = new Intl.NumberFormat(language, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const weekday = new Intl.DateTimeFormat(language, { weekday: 'long' });
const date = new Intl.DateTimeFormat(language, { day: 'numeric', month: 'long' });
const near = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
/** Of our language the visitor's own form: en-GB has 23:04, en-US 11:04 PM. */
export const form = (globalThis.navigator?.languages ?? []).find((tag) => tag.slice(0, 2).toLowerCase() === language) ?? language;
const clock = new Intl.DateTimeFormat(form, { hour: '2-digit', minute: '2-digit' });

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

/** How long something sounds: 3:05, or 1:02:03. @param {number} ms */
export function clockLength(ms) {
  const all = Math.max(1, Math.round(ms / 1000));
  const [hours, minutes, rest] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
  return [...(hours ? [hours, String(minutes).padStart(2, '0')] : [minutes]), String(rest).padStart(2, '0')].join(':');
}

const WEEK_DAYS = 6;

/** The day of a moment as one says it: today and yesterday are near; then its weekday within the week, else its date. @param {number} at_ms epoch @param {number} now_ms epoch */
export function day(at_ms, now_ms) {
  const midnight = (/** @type {number} */ ms) => new Date(ms).setHours(0, 0, 0, 0);
  const ago = Math.round((midnight(now_ms) - midnight(at_ms)) / DAY_MS);
  if (ago <= 1) return { isNear: true, words: near.format(-Math.max(0, ago), 'day') };
  return { isNear: false, words: ago <= WEEK_DAYS ? weekday.format(at_ms) : date.format(at_ms) };
}

/** How long something is kept, in days or hours. @param {number} [ms] */
export function span(ms = 0) {
  const [value, unit] = ms >= DAY_MS ? [ms / DAY_MS, 'day'] : [ms / HOUR_MS, 'hour'];
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long', maximumFractionDigits: 0 }).format(Math.max(1, value));
}

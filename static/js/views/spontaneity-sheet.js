/** My spontaneity: what this browser knows of one's own takes. Nobody else ever sees it, and nothing is ranked. */
import { h, say } from '../lib/dom.js';
import { sheet } from '../lib/sheet.js';
import { counted, t } from '../lib/text.js';
import { BANDS, bandsOf, daysOf, median, sum } from '../room/spontaneity.js';
import { form, reaction } from '../lib/format.js';
import { entries, erase } from '../session/diary.js';
import { bandBar, trend } from './spontaneity-plots.js';

const DAYS = 30;
const date = new Intl.DateTimeFormat(form, { day: 'numeric', month: 'short' });

export async function open() {
  const place = h('div', { class: 'sheet-body' });
  await sheet('spontaneity-sheet', t('spontaneity.title'), place);
  draw(place);
}

/** @param {HTMLElement} place */
function draw(place) {
  const kept = entries();
  const note = h('p', { class: 'sheet-note' }, t('spontaneity.private'));
  if (!kept.length) return place.replaceChildren(h('p', {}, t('spontaneity.none')), note);
  const days = daysOf(kept, (at_ms) => new Date(at_ms).toLocaleDateString('sv')).slice(-DAYS);
  place.replaceChildren(summary(kept), bandBar(bandsOf(kept)), legend(kept), h('p', { class: 'sheet-note' }, t('spontaneity.plot.trend')), trend(days), table(days), note, deeds(place));
}

/** @param {import('../room/spontaneity.js').Entry[]} kept */
function summary(kept) {
  const measured = /** @type {number[]} */ (kept.map(({ reaction_ms }) => reaction_ms).filter((ms) => ms !== null));
  const typical_ms = median(measured);
  return h('ul', { class: 'figures' },
    typical_ms !== null && figure(`${reaction(Math.abs(typical_ms))} s`, t(typical_ms < 0 ? 'spontaneity.early' : 'spontaneity.typical')),
    figure(String(kept.length), counted('spontaneity.takes', kept.length)),
    sum(kept, 'words') > 0 && figure(String(sum(kept, 'words')), counted('spontaneity.words', sum(kept, 'words'))),
    figure(String(sum(kept, 'laughs')), counted('spontaneity.laughs', sum(kept, 'laughs'))));
}

/** @param {string} number @param {string} words */
function figure(number, words) {
  return h('li', {}, h('strong', {}, number), h('span', {}, words));
}

/** @param {import('../room/spontaneity.js').Entry[]} kept */
function legend(kept) {
  const counts = bandsOf(kept);
  return h('ul', { class: 'bands' }, ...BANDS.map(([band]) => h('li', { 'data-band': band },
    h('strong', {}, `${t(`spontaneity.band.${band}`)} · ${counts[band]}`), h('span', {}, t(`spontaneity.band.${band}.what`)))));
}

/** The same as the plot, for those who would rather read. @param {import('../room/spontaneity.js').Day[]} days */
function table(days) {
  const rows = days.map(({ day, takes, median_ms, words, laughs }) => h('tr', {}, h('th', { scope: 'row' }, date.format(new Date(`${day}T12:00`))),
    ...[median_ms === null ? '–' : reaction(median_ms), takes, words, laughs].map((value) => h('td', {}, String(value)))));
  const heads = ['day', 'seconds', 'takes', 'words', 'laughs'].map((name) => h('th', { scope: 'col' }, t(`spontaneity.column.${name}`)));
  return h('details', {}, h('summary', { class: 'text-button' }, t('spontaneity.days')),
    h('table', {}, h('thead', {}, h('tr', {}, ...heads)), h('tbody', {}, ...rows)));
}

/** @param {HTMLElement} place */
function deeds(place) {
  const away = h('button', { type: 'button', class: 'quiet', id: 'erase' }, t('spontaneity.erase'));
  away.addEventListener('click', () => { // it asks once more: nothing brings it back
    away.addEventListener('click', () => {
      erase();
      draw(place);
      place.closest('dialog')?.querySelector('button')?.focus();
    });
    say(away, t('spontaneity.erase.sure'));
  }, { once: true });
  return h('div', { class: 'sheet-row' },
    h('button', { type: 'button', class: 'quiet', id: 'export', onclick: download }, t('spontaneity.export')),
    away);
}

function download() {
  const url = URL.createObjectURL(new Blob([JSON.stringify(entries(), null, 1)], { type: 'application/json' }));
  h('a', { href: url, download: 'spontaneity.json' }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** One clip: whose, its picture, its words, and what one can do with it. */
import { h, icon, keep, say } from '../lib/dom.js';
import { seconds, time } from '../lib/format.js';
import { shapeOf } from '../lib/shape.js';
import { t } from '../lib/text.js';
import { wave } from '../lib/wave.js';
import { voiceName } from './voice-name.js';

/** @typedef {import('../room/state.js').Clip} Clip */
/** @typedef {import('../session/session.js').Session} Session */
/** @typedef {{clip: Clip, reactions: Map<string, string[]>|undefined, state: string, playing_ms: number, me: string, hidden: string[], withheld: boolean}} Shown */

const NOBODY = { id: '', name: '…', colour: '#8899bb' };

/** @param {Session} session @param {Clip} clip @param {boolean} own */
export function clipRow(session, clip, own) {
  const by = clip.by ?? NOBODY;
  const row = h('li', { class: 'clip', 'data-clip': clip.clip, 'data-own': String(own) },
    h('button', { type: 'button', class: 'clip-play', onclick: () => session.replay.play(clip.clip) }, icon('play'), icon('stop')),
    h('div', { class: 'clip-body' }, head(session, clip, own), wave(clip.peaks), h('p', { class: 'caption', dir: 'auto', lang: session.model.state.language }),
      h('div', { class: 'verdicts' }), h('div', { class: 'reactions' })),
    moreButton(session, clip, own));
  row.style.setProperty('--voice', by.colour);
  return row;
}

/** The keyboard finds the same behind the button for more. @param {Session} session @param {Clip} clip @param {boolean} own */
function head(session, { clip, by, at_ms, duration_ms, mask }, own) {
  return h('p', { class: 'clip-head' }, h('span', { class: 'dot', 'data-shape': by && shapeOf(by.id) }), voiceName(session, by, { clip }, { tabindex: -1 }),
    own && h('span', { class: 'you' }, t('clip.you')), mask && h('span', { class: 'masked', role: 'img', 'aria-label': t(`mask.${mask}`), title: t(`mask.${mask}`) }, icon('mask')), h('span', { class: 'onair' }, t('clip.onair')), h('span', { class: 'withheld' }),
    h('time', { datetime: new Date(at_ms).toISOString(), title: time(at_ms) }, `${seconds(duration_ms)} s`));
}

/** @param {Session} session @param {Clip} clip @param {boolean} own */
function moreButton(session, clip, own) {
  const name = clip.by?.name ?? NOBODY.name;
  const button = h('button', { type: 'button', class: 'icon-button clip-more', 'aria-expanded': 'false', 'aria-label': t('clip.actions', { name }) }, icon('more'));
  button.addEventListener('click', () => {
    const open = button.getAttribute('aria-expanded') !== 'true';
    button.setAttribute('aria-expanded', String(open));
    const row = /** @type {HTMLElement} */ (button.closest('.clip'));
    row.querySelector('.clip-actions')?.remove();
    if (open) addActions(session, row, clip, own);
  });
  return button;
}

/** @param {Session} session @param {HTMLElement} row @param {Clip} clip @param {boolean} own */
async function addActions(session, row, clip, own) {
  const { clipActions } = await import('./clip-actions.js');
  if (!row.querySelector('.clip-more[aria-expanded=true]')) return;
  const actions = clipActions(session, clip, own);
  row.append(actions);
  actions.scrollIntoView({ block: 'nearest' }); // a phone's list may be lower than the row
}

/** Show what changes of a clip. @param {Session} session @param {HTMLElement} row @param {Shown} shown */
export function updateRow(session, row, { clip, reactions, state, playing_ms, me, hidden, withheld }) {
  const name = clip.by?.name ?? NOBODY.name;
  row.dataset.state = state;
  row.dataset.withheld = String(withheld);
  say(/** @type {Element} */ (row.querySelector('.withheld')), withheld ? t('clip.withheld') : '');
  row.style.setProperty('--sweep', `${playing_ms}ms`);
  const label = state === 'playing' ? t('clip.stop', { name }) : t('clip.play', { name, seconds: seconds(clip.duration_ms) });
  row.querySelector('.clip-play')?.setAttribute('aria-label', label);
  say(/** @type {Element} */ (row.querySelector('.caption')), clip.caption ?? '');
  keep(/** @type {Element} */ (row.querySelector('.verdicts')), clip.verdicts, ({ code }) => code,
    ({ text, tone }) => h('p', { class: 'verdict', dir: 'auto', 'data-tone': tone }, text),
    (line, { overruled = false }) => (line.dataset.overruled = String(overruled)));
  const place = /** @type {Element} */ (row.querySelector('.reactions'));
  const seen = [...(reactions ?? [])].map(([emoji, voices]) => /** @type {const} */ ([emoji, voices.filter((voice) => !hidden.includes(voice))])).filter(([, voices]) => voices.length);
  keep(place, seen, ([emoji]) => emoji, ([emoji]) => reactionButton(session, clip.clip, emoji),
    (button, [, voices]) => {
      say(/** @type {Element} */ (button.lastElementChild), String(voices.length));
      button.setAttribute('aria-pressed', String(voices.includes(me)));
    });
}

/** @param {Session} session @param {string} clip @param {string} emoji */
function reactionButton(session, clip, emoji) {
  return h('button', { type: 'button', class: 'reaction', onclick: () => session.react(clip, emoji) }, `${emoji} `, h('span', {}));
}

/** What one can do with a clip beyond hearing it. */
import '../lib/words-own.js';
import '../lib/words-play.js';
import { announce } from '../lib/announce.js';
import { QUICK } from '../lib/emoji.js';
import { h, icon } from '../lib/dom.js';
import { t } from '../lib/text.js';
import { hasShareCard, shareCard } from './share-card.js';
import { hideVoice, report } from './voice-sheet.js';

/** @typedef {import('../room/state.js').Clip} Clip */
/** @typedef {import('../session/session.js').Session} Session */

const REASONS = ['hate', 'sexual', 'private', 'noise', 'other'];

/** @param {Session} session @param {Clip} clip @param {boolean} own */
export function clipActions(session, clip, own) {
  const link = `${location.origin}/c/${clip.clip}`;
  const copy = () => navigator.clipboard?.writeText(link).then(() => announce(t('room.copied')));
  const emoji = h('div', { class: 'quick-emoji' }, ...QUICK.map((one) => emojiButton(session, clip.clip, one)));
  const copyButton = navigator.clipboard && action('link', t('clip.link'), copy);
  return h('div', { class: 'clip-actions' }, emoji, h('div', { class: 'clip-verbs' }, copyButton, ...(own ? ours(session, clip) : theirs(session, clip))));
}

/** @param {Session} session @param {string} clip @param {string} emoji */
function emojiButton(session, clip, emoji) {
  const press = () => session.react(clip, emoji);
  return h('button', { type: 'button', class: 'emoji', 'aria-label': t('clip.react', { emoji }), onclick: press }, emoji);
}

/** @param {Session} session @param {Clip} clip */
function ours(session, clip) {
  const forget = async () => (await session.forget(clip.clip)) && announce(t('undo.done'));
  const share = () => shareCard(session, clip.clip, clip.reaction_ms);
  const card = hasShareCard(session.model, clip) && [action('send', t('card.share'), share, 'card')];
  return [...(card || []), action('undo', t('clip.forget'), forget, 'forget')];
}

/** @param {Session} session @param {Clip} clip */
function theirs(session, clip) {
  const hide = () => hideVoice(session, clip.by ?? { id: clip.clip, name: '…' });
  const ask = (/** @type {Event} */ event) => {
    const verbs = /** @type {HTMLElement} */ (event.currentTarget).parentElement;
    verbs?.replaceWith(reasons(session, clip.clip));
  };
  return [action('hide', t('clip.hide'), hide, 'hide'), action('flag', t('clip.report'), ask, 'report')];
}

/** @param {Session} session @param {string} clip */
function reasons(session, clip) {
  const press = (/** @type {string} */ reason) => () => report(session, { clip }, reason);
  return h('fieldset', { class: 'clip-verbs' }, h('legend', {}, t('report.why')),
    ...REASONS.map((reason) => h('button', { type: 'button', class: 'text-button', onclick: press(reason) }, t(`report.${reason}`))));
}

/** @param {string} picture @param {string} words @param {(event: Event) => void} press @param {string|null} [name] */
function action(picture, words, press, name = null) {
  return h('button', { type: 'button', class: 'text-button', 'data-action': name, onclick: press }, icon(picture), words);
}

/** Emoji to write with. */
import { ALL } from '../lib/emoji.js';
import { h } from '../lib/dom.js';
import { t } from '../lib/text.js';

/** @param {(emoji: string) => void} chosen */
export function emojiBar(chosen) {
  const buttons = ALL.map((emoji) => h('button', { type: 'button', class: 'emoji', onclick: () => chosen(emoji) }, emoji));
  return h('div', { class: 'emoji-bar', role: 'group', 'aria-label': t('chat.emoji'), hidden: true }, ...buttons);
}

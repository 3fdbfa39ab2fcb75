/** Emoji to write with. */
import { ALL } from '../lib/emoji.js';
import { h } from '../lib/dom.js';

/** @param {(emoji: string) => void} chosen */
export function emojiButtons(chosen) {
  return ALL.map((emoji) => h('button', { type: 'button', class: 'emoji', onclick: () => chosen(emoji) }, emoji));
}

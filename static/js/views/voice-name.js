/** A name that can be pressed: whoever it is can be hidden and reported from there. */
import { h } from '../lib/dom.js';
import { MACHINE_SIGN } from '../lib/shape.js';
import { t } from '../lib/text.js';

/** @typedef {import('../session/session.js').Session} Session */
/** @typedef {import('../wire/protocol.js').Voice} Voice */
/** @typedef {{clip?: string, seq?: number}} About  what is reported: a clip, or a line or topic by its event */

/** @param {Session} session @param {Voice|null} voice null for one that is not told @param {About} [about] where the name stands alone: what it said last @param {Record<string, any>} [more] attributes */
export function voiceName(session, voice, about, more = {}) {
  if (!voice || voice.id === session.model.me?.id) return h('span', { class: 'name' }, voice?.name ?? '…', markOf(voice));
  const press = async () => (await import('./voice-sheet.js')).open(session, voice, about);
  return h('button', { type: 'button', class: 'name', 'aria-haspopup': 'dialog', onclick: press, ...more }, voice.name, markOf(voice));
}

/** What says that a voice is a machine. @param {Voice|null|undefined} voice */
export function markOf(voice) {
  return voice?.machine && h('span', { class: 'machine', role: 'img', 'aria-label': t('voice.machine'), title: t('voice.machine') }, MACHINE_SIGN);
}

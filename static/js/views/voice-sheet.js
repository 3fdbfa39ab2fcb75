/** What one can do about a voice: hide it, hear it again, report what it said. */
import '../lib/words-own.js';
import { h, icon } from '../lib/dom.js';
import { shapeOf } from '../lib/shape.js';
import { sheet } from '../lib/sheet.js';
import { t } from '../lib/text.js';
import { lineId } from '../session/hidden.js';

/** @typedef {import('../session/session.js').Session} Session */
/** @typedef {import('../wire/protocol.js').Voice} Voice */
/** @typedef {import('./voice-name.js').About} About */

const MUTE_MS = 600_000;
const REASONS = ['hate', 'sexual', 'private', 'noise', 'other'];

/** @param {Session} session @param {Voice} voice @param {About} [about] */
export async function open(session, voice, about = newestOf(session, voice)) {
  const isHidden = session.model.hidden.includes(voice.id);
  const done = (/** @type {() => void} */ act) => () => (act(), dialog.close());
  const face = h('span', { class: 'dot', 'data-shape': shapeOf(voice.id) });
  face.style.setProperty('--voice', voice.colour);
  const hide = h('button', { type: 'button', class: 'quiet', id: 'hide-voice', onclick: done(() => (isHidden ? show : hideVoice)(session, voice)) },
    icon(isHidden ? 'sound' : 'hide'), t(isHidden ? 'voice.show' : 'voice.hide'));
  const report = about.clip || about.seq ? reportForm(session, about, () => dialog.close()) : null;
  const keeps = keeping(session, voice, about, () => dialog.close());
  const dialog = await sheet('voice-sheet', voice.name, h('p', { class: 'sheet-row voice-face' }, face, h('span', { class: 'sheet-note' }, t('voice.hide.hint'))), hide, report, keeps);
}

/** @param {Session} session @param {Pick<Voice, 'id'|'name'>} voice */
export function hideVoice(session, { id, name }) {
  session.hidden.add(id, name);
  session.notices.clear('voice-shown');
  session.notices.pass({ code: 'voice-hidden', values: { name }, action: () => show(session, { id, name }) });
}

/** @param {Session} session @param {Pick<Voice, 'id'|'name'>} voice */
export function show(session, { id, name }) {
  session.hidden.remove(id);
  session.notices.clear('voice-hidden');
  session.notices.pass({ code: 'voice-shown', values: { name } });
}

/** Report, and meet it no more. @param {Session} session @param {About} about @param {string} reason */
export async function report(session, { clip, seq }, reason) {
  session.hidden.add(clip ?? lineId(seq ?? 0));
  if (await session.send('report', { ...(clip ? { clip } : { seq }), reason })) session.notices.pass({ code: 'reported' });
}

/** @param {Session} session @param {About} about @param {() => void} done */
export function reportForm(session, about, done) {
  const press = (/** @type {string} */ reason) => () => (report(session, about, reason), done());
  const reasons = h('fieldset', { class: 'kinds', id: 'report-reasons', hidden: true }, h('legend', {}, t('report.why')),
    ...REASONS.map((reason) => h('button', { type: 'button', class: 'text-button', 'data-reason': reason, onclick: press(reason) }, t(`report.${reason}`))));
  const ask = () => {
    button.hidden = true;
    reasons.hidden = false;
    reasons.querySelector('button')?.focus();
  };
  const button = h('button', { type: 'button', class: 'quiet', id: 'report-voice', onclick: ask }, icon('flag'),
    h('span', {}, t('voice.report'), ' ', h('small', {}, t(about.clip ? 'voice.report.clip' : 'voice.report.text'))));
  return h('div', { class: 'sheet-form' }, button, reasons);
}

/** What the keeper of a room may do about a voice. @param {Session} session @param {Voice} voice @param {About} about @param {() => void} done */
function keeping(session, { id }, { clip, seq }, done) {
  const { state, me } = session.model;
  if (!isKeeper(session.model) || state.closed || id === me?.id) return null;
  const target = clip ? { clip } : { seq };
  const isMuted = state.muted.has(id);
  const key = clip ?? String(seq ?? '');
  const verb = (/** @type {string} */ name, /** @type {string} */ type, /** @type {Record<string, unknown>} */ fields) => h('button', { type: 'button', class: 'text-button', id: `keeper-${name}`,
    onclick: () => (session.send(type, fields), done()) }, t(`keeper.${name}`));
  return h('fieldset', { class: 'kinds' }, h('legend', {}, t('keeper.verbs')),
    verb(isMuted ? 'unmute' : 'mute', 'mute', { voice: id, for_ms: isMuted ? 0 : MUTE_MS }),
    (clip || seq) ? verb('remove', 'remove', target) : null, state.withheld.has(key) && verb('restore', 'restore', target), verb('give', 'keeper.give', { voice: id }));
}

/** Whether this visitor keeps the room. @param {import('../session/model.js').Model} model */
export function isKeeper({ state, me }) {
  return state.keeper !== '' && state.keeper === me?.id;
}

/** What a voice said last, for whoever meets it by its name alone. @param {Session} session @param {Voice} voice @returns {About} */
function newestOf({ model }, { id }) {
  const clip = [...model.state.clips.values()].findLast(({ by }) => by?.id === id);
  const line = [...model.state.texts.values()].findLast(({ by }) => by?.id === id);
  return clip ? { clip: clip.clip } : { seq: line?.seq };
}

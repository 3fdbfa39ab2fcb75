/** Topics: want another one, or give the room one of your own. */
import '../lib/words-own.js';
import { announce } from '../lib/announce.js';
import { h, icon, keep, say } from '../lib/dom.js';
import { sheet } from '../lib/sheet.js';
import { counted, t } from '../lib/text.js';
import { lineId } from '../session/hidden.js';
import { open as openVoice } from './voice-sheet.js';

const TOPIC_LETTERS = 90;

/** @param {import('../session/session.js').Session} session */
export async function open(session) {
  const count = h('p', { class: 'sheet-note', role: 'status' });
  const want = h('button', { type: 'button', class: 'primary', id: 'want', onclick: () => session.send('topic.want') }, t('topics.want'));
  const waiting = h('ul', { class: 'waiting' });
  const dialog = await sheet('topic-sheet', t('topics.title'), want, count, suggestion(session), waiting);
  const stop = session.store.watch(({ state, me, hidden }) => {
    want.disabled = state.wanted.includes(me?.id ?? '');
    say(want, t(want.disabled ? 'topics.asked' : 'topics.want'));
    say(count, state.wanted.length ? counted('topics.wanted', state.wanted.length) : '');
    const shown = [...state.suggestions.values()].filter(({ voice, seq }) => !hidden.includes(voice) && !hidden.includes(lineId(seq)) && !state.withheld.has(String(seq)));
    keep(waiting, shown, ({ seq }) => String(seq), (topic) => topicRow(session, topic));
    if (state.round) dialog.close();
  });
  dialog.addEventListener('close', stop);
}

/** @param {import('../session/session.js').Session} session @param {{seq: number, text: string, voice: string}} topic */
function topicRow(session, { seq, text, voice }) {
  const { presence, state, me } = session.model;
  const by = presence.voices.get(voice) ?? { id: voice, name: t('voice.nameless'), colour: '' };
  const press = () => openVoice(session, by, { seq });
  return h('li', {}, h('span', { dir: 'auto', lang: state.language }, text),
    voice !== me?.id && h('button', { type: 'button', class: 'icon-button', 'aria-label': t('topics.by', { text }), onclick: press }, icon('more')));
}

/** @param {import('../session/session.js').Session} session */
function suggestion(session) {
  const input = h('input', { type: 'text', id: 'suggestion', dir: 'auto', maxlength: TOPIC_LETTERS, autocomplete: 'off', placeholder: t('topics.hint') });
  const onsubmit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (!text || !(await session.send('suggest', { text }))) return;
    input.value = '';
    announce(t('topics.thanks'));
  };
  return h('form', { class: 'sheet-form', onsubmit }, h('label', { for: 'suggestion' }, t('topics.own')),
    h('div', { class: 'sheet-row' }, input, h('button', { type: 'submit', class: 'quiet', id: 'suggest' }, t('topics.give'))));
}

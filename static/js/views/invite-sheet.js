/** "Invite others": a code to scan, a link to send, and the room for a big screen. */
import { h, icon } from '../lib/dom.js';
import { span } from '../lib/format.js';
import { sheet } from '../lib/sheet.js';
import { t } from '../lib/text.js';
import { codeOf } from '../wire/rooms.js';
import { copyLink, linkOf } from './room-link.js';

/** @param {import('../session/session.js').Session} session */
export async function open(session) {
  const room = encodeURIComponent(session.id);
  const link = linkOf(session.id);
  const send = () => navigator.share({ title: document.title, url: link }).catch(() => {}); // changed their mind
  const address = h('p', { class: 'invite-address', dir: 'ltr' }, link);
  const words = h('p', { class: 'invite-words', role: 'status' });
  codeOf(session.id).then(({ code, for_ms }) => words.append(h('span', {}, t('invite.words', { span: span(for_ms) })), ' ', h('strong', {}, code)), () => {}); // the link does it, too
  const copied = h('p', { class: 'sheet-note', role: 'status' });
  const copy = async () => {
    await copyLink(session);
    copied.textContent = t('room.copied');
  };
  await sheet('invite-sheet', t('room.share'), h('p', { class: 'invite-room', dir: 'auto', lang: session.model.state.language }, session.model.state.name),
    h('img', { class: 'invite-code', src: `/api/rooms/${room}/qr.svg`, alt: t('invite.code') }), address, words,
    h('div', { class: 'sheet-row' },
      'share' in navigator && h('button', { type: 'button', class: 'quiet', onclick: send }, t('invite.send')),
      'clipboard' in navigator && h('button', { type: 'button', class: 'quiet', id: 'copy-link', onclick: copy }, icon('link'), t('clip.link'))),
    copied,
    h('p', { class: 'sheet-note' }, t('invite.screen.hint')),
    h('a', { class: 'quiet', id: 'open-screen', href: `/r/${room}/screen`, target: '_blank', rel: 'noopener' }, t('invite.screen')));
}

/** The room's page: makes the session, joins the views to it, nothing else. */
import { isInApp } from './lib/browser.js';
import { say } from './lib/dom.js';
import { tellUnfetched } from './lib/late.js';
import { followLook } from './lib/look.js';
import { language, t } from './lib/text.js';
import { keepForAway } from './lib/worker.js';
import { Session } from './session/session.js';
import { hush } from './lib/announce.js';
import './views/clip-list.js';
import './views/join-gate.js';
import './views/listen-switch.js';
import './views/settings-button.js';
import './views/notice-bar.js';
import './views/panel-tabs.js';
import './views/play-switch.js';
import './views/prompt-card.js';
import './views/room-chat.js';
import './views/room-presence.js';
import './views/room-title.js';
import { copyLink } from './views/room-link.js';
import './views/stage-bar.js';
import './views/talk-button.js';
import './views/throw-button.js';
import { View } from './views/view.js';

document.documentElement.lang = language;
followLook();
say(/** @type {Element} */ (document.querySelector('.skip')), t('talk'));
document.getElementById('stage')?.setAttribute('aria-label', t('room.stage'));
const room = decodeURIComponent(location.pathname.split('/').filter(Boolean).pop() ?? '');
const audio = /** @type {HTMLAudioElement} */ (document.getElementById('sound'));
const session = new Session(room, audio, new URLSearchParams(location.search));

for (const view of document.querySelectorAll('[data-view]')) if (view instanceof View) view.attach(session);

let isOver = false;
let isIn = false;
session.store.watch(({ state }) => {
  if (!state.closed || isOver) return;
  isOver = true;
  import('./views/closed-room.js').then(({ told }) => told(session));
});
session.store.watch(({ connection, hearing, path, joined, phase, mine, speaking }) => {
  const { dataset } = document.body;
  if (joined && !isIn) {
    isIn = true;
    import('./views/after-door.js').then(({ attach }) => attach(session), () => (isIn = false)); // offline: again with the next that changes
  }
  dataset.socket = connection;
  dataset.hearing = hearing;
  dataset.transport = hearing === 'files' || path === 'files' ? 'files' : 'webrtc';
  dataset.joined = String(joined);
  dataset.phase = phase;
  dataset.mine = String(mine);
  dataset.speaking = speaking;
  hush(speaking === 'opening' || speaking === 'live');
});

if (!isSecureContext) session.notices.tell({ code: 'insecure' });
else if (isInApp()) {
  session.notices.tell({ code: 'in-app', action: () => copyLink(session) });
}
tellUnfetched(globalThis, () => session.notices.pass({ code: 'refused', values: { code: 'offline', message: '' } }));
session.open();
keepForAway();

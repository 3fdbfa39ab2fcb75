/** A room on a screen that many look at: shows the round and plays all sound; it has no microphone. */
import { followLook } from './lib/look.js';
import { language } from './lib/text.js';
import { Awake } from './session/awake.js';
import { Session } from './session/session.js';
import './views/screen-stage.js';
import { View } from './views/view.js';

document.documentElement.lang = language;
followLook();
const [, room = ''] = location.pathname.split('/').filter(Boolean).map(decodeURIComponent);
const audio = /** @type {HTMLAudioElement} */ (document.getElementById('sound'));
const session = new Session(room, audio, new URLSearchParams(location.search), { screen: true });

for (const view of document.querySelectorAll('screen-stage')) if (view instanceof View) view.attach(session);

import('./views/spoken-words.js').then(({ SpokenWords }) => new SpokenWords(session, /** @type {Element} */ (document.querySelector('.screen-main'))));
new Awake().keep(true);
session.open();

/** The lobby: words in the visitor's language, the rooms, and a form to make one. */
import './lib/words-lobby.js';
import { followLook } from './lib/look.js';
import { language, t } from './lib/text.js';
import { keepForAway } from './lib/worker.js';
import './views/around-here.js';
import './views/code-form.js';
import './views/lobby-list.js';
import './views/room-form.js';

document.documentElement.lang = language;
followLook();
for (const element of document.querySelectorAll('[data-text]')) {
  element.textContent = t(/** @type {HTMLElement} */ (element).dataset.text ?? '');
}
keepForAway();

/** "Three words?": where a code that somebody said leads, in the lobby. */
import '../lib/words-lobby.js';
import '../lib/words-refused.js';
import { h, say } from '../lib/dom.js';
import { refusal, t } from '../lib/text.js';
import { roomOf } from '../wire/rooms.js';

export class CodeForm extends HTMLElement {
  connectedCallback() {
    const words = h('input', { type: 'text', name: 'words', required: true, autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false', maxlength: 100, placeholder: t('code.example'), 'aria-label': t('code.label') });
    const failure = h('p', { class: 'failure', role: 'alert' });
    const enter = async (/** @type {Event} */ event) => {
      event.preventDefault();
      say(failure, '');
      try {
        location.assign(`/r/${encodeURIComponent(await roomOf(words.value))}`);
      } catch (why) {
        say(failure, refusal(/** @type {Error} */ (why)));
      }
    };
    this.append(h('form', { class: 'code-form', onsubmit: enter }, words, h('button', { type: 'submit', class: 'quiet' }, t('code.go')), failure));
  }
}

customElements.define('code-form', CodeForm);

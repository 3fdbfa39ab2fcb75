/** The text route of every game: what others say may be typed. */
import { h, set } from '../lib/dom.js';
import { t } from '../lib/text.js';

const ANSWER_LETTERS = 200;

export class AnswerBox {
  #opened = '';
  #done = '';

  /** @param {import('../session/session.js').Session} session */
  constructor(session) {
    this.session = session;
    this.input = h('input', { type: 'text', id: 'answer-text', dir: 'auto', maxlength: ANSWER_LETTERS, autocomplete: 'off', enterkeyhint: 'send', 'aria-label': t('answer.label'), placeholder: t('answer.label') });
    const send = h('button', { type: 'submit', class: 'quiet', id: 'answer-send' }, t('answer.send'));
    this.element = h('form', { class: 'answer sheet-row', id: 'answer', hidden: true, onsubmit: (/** @type {Event} */ event) => this.#send(event) }, this.input, send);
  }

  get #turn() {
    const turn = this.session.round.openTurn;
    return turn ? `${turn.round} ${turn.turn}` : '';
  }

  open() {
    this.#opened = this.#turn;
    this.update(this.session.model);
    this.input.focus();
  }

  /** It is there from the start where something is to be guessed. @param {import('../session/model.js').Model} model */
  update({ speaking }) {
    const turn = this.#turn;
    const isGuess = this.session.round.openTurn?.act === 'guess';
    const wanted = turn !== '' && turn !== this.#done && (this.#opened === turn || isGuess) && speaking !== 'live';
    set(this.element, { hidden: !wanted });
  }

  /** @param {Event} event */
  async #send(event) {
    event.preventDefault();
    const turn = this.#turn;
    const text = this.input.value.trim();
    const go_at_ms = this.session.round.openTurn?.go_at_ms ?? 0;
    if (!text || !turn) return;
    // Who types faster than the count-in need not know: it waits for "go".
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, this.session.clock.until_ms(go_at_ms))));
    if (!(await this.session.send('answer', { round: turn.split(' ')[0], text }))) return;
    this.input.value = '';
    this.#done = turn;
    this.update(this.session.model);
  }
}

/** What a player would like in the middle of a round: all who play say yes or no, for as long as its ring runs. */
import '../lib/words-play.js';
import { announce } from '../lib/announce.js';
import { h, icon, say, set } from '../lib/dom.js';
import { dressed } from '../lib/sheet.js';
import { t } from '../lib/text.js';
import { voiceOf } from '../room/head.js';
import { offer } from '../wire/games.js';

/** @typedef {import('../session/model.js').Model} Model */

export class ProposalToast {
  #shown = '';
  #said = '';
  #asked = ''; // the round that this visitor would have changed

  /** @param {import('../session/session.js').Session} session */
  constructor(session) {
    this.session = session;
    this.words = h('p', { class: 'proposal-words', dir: 'auto' });
    this.time = h('span', { class: 'toast-time' });
    const answer = (/** @type {boolean} */ value) => this.session.send('agree', { proposal: this.#shown, value });
    this.yes = h('button', { type: 'button', class: 'quiet', id: 'agree', onclick: () => answer(true) }, icon('keep'), t('proposal.yes'));
    this.no = h('button', { type: 'button', class: 'quiet', id: 'disagree', onclick: () => answer(false) }, icon('close'), t('proposal.no'));
    this.element = h('div', { class: 'proposal', id: 'proposal', role: 'group', 'aria-label': t('proposal.label'), hidden: true }, this.words, h('div', { class: 'sheet-row' }, this.yes, this.no), this.time);
    /** Settled when its look is there. */
    this.dressed = Promise.all([dressed(), dressed('/static/css/ending.css')]);
  }

  /** @param {Model} model */
  update(model) {
    const { proposal } = model.state;
    this.#tellNo(model);
    const left_ms = proposal ? this.session.clock.until_ms(proposal.until_ms) : 0;
    set(this.element, { hidden: !proposal || left_ms <= 0 });
    if (!proposal || left_ms <= 0) return;
    if (proposal.id !== this.#shown) this.#begin(proposal, left_ms);
    const me = model.me?.id ?? '';
    const answered = me === proposal.voice || [...proposal.yes, ...proposal.no].includes(me);
    set(this.yes, { hidden: answered });
    set(this.no, { hidden: answered });
    this.#tell(model, proposal, answered);
  }

  /** Who asked is told when the round goes on as it was. @param {Model} model */
  #tellNo({ state: { proposal, round }, me }) {
    const asked = this.#asked;
    this.#asked = proposal && round && proposal.voice === me?.id ? round.id : '';
    if (asked && !proposal && round?.id === asked) this.session.notices.pass({ code: 'declined' });
  }

  /** @param {import('../room/governed.js').Proposal} proposal @param {number} left_ms */
  #begin({ id }, left_ms) {
    this.#shown = id;
    const fresh = h('span', { class: 'toast-time' });
    fresh.style.setProperty('--left', `${left_ms}ms`);
    this.time.replaceWith(fresh);
    this.time = fresh;
    setTimeout(() => this.update(this.session.model), left_ms + 1);
  }

  /** @param {Model} model @param {import('../room/governed.js').Proposal} proposal @param {boolean} answered */
  async #tell(model, { wish, game, voice, id, prompt }, answered) {
    const name = voiceOf(model, voice)?.name ?? t('phase.someone');
    const games = wish === 'start' ? await offer(model.state.language).catch(() => null) : null;
    const other = prompt?.text ? t('ending.quote', { text: prompt.text }) : (games?.games.find((one) => one.id === game)?.name ?? '');
    const words = model.me?.id === voice ? t('proposal.own') : t(`proposal.${wish}`, { name, game: other });
    say(this.words, answered && model.me?.id !== voice ? `${words} ${t('proposal.answered')}` : words);
    if (this.#said !== id) announce(words);
    this.#said = id;
  }
}

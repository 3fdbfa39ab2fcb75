/** What one should know right now, in plain words; each can be put away. */
import { allowanceKey } from '../lib/browser.js';
import { h, icon, keep } from '../lib/dom.js';
import { has, refusal, t } from '../lib/text.js';
import { View } from './view.js';

/** @typedef {import('../session/model.js').Notice} Notice */

export class NoticeBar extends View {
  /** @type {Notice[]|null} */ #drawn = null;

  build() {
    this.setAttribute('role', 'status');
    this.list = h('ul', { class: 'notices' });
    this.append(this.list);
  }

  /** @param {import('../session/model.js').Model} model */
  update({ notices }) {
    if (notices === this.#drawn || !this.list) return;
    this.#drawn = notices;
    const key = (/** @type {Notice} */ notice) => notice.code + wordsOf(notice);
    keep(this.list, [...notices].reverse(), key, // the newest first: what does not fit is older
      (notice) => this.#notice(notice));
  }

  /** @param {Notice} notice */
  #notice(notice) {
    const { code, action } = notice;
    const put = () => this.session.notices.clear(code);
    const act = () => (put(), action?.());
    const button = action && h('button', { type: 'button', class: 'text-button', onclick: act }, t(`notice.${code}.act`));
    return h('li', { class: 'notice', 'data-notice': code === 'refused' ? notice.values?.code : code },
      h('p', {}, wordsOf(notice)), button,
      h('button', { type: 'button', class: 'icon-button', 'aria-label': t('notice.close'), onclick: put }, icon('close')));
  }
}

/** @param {Notice} notice */
function wordsOf({ code, values = {} }) {
  if (code === 'refused') return refusal(values);
  return has(`notice.${code}`) ? t(`notice.${code}`, { ...values, how: t(allowanceKey()) }) : code;
}

customElements.define('notice-bar', NoticeBar);

/** "Wake me when somebody speaks": what it does, how it is, and one button, where it is of use. */
import '../lib/words-wake.js';
import { h, say, set } from '../lib/dom.js';
import { sheet } from '../lib/sheet.js';
import { refusal, t } from '../lib/text.js';

/** @typedef {import('../session/waking.js').Waking} Waking */
/** @typedef {import('../session/waking.js').State} State */

/** Which button is shown. @param {State|''} state */
export function offerOf(state) {
  if (state === 'on') return 'no';
  return state === 'off' || state === 'dismissed' || state === 'failed' ? 'yes' : '';
}

/** @param {Waking} waking */
export async function open(waking) {
  const told = h('p', { class: 'sheet-note', id: 'wake-state', role: 'status' });
  /** @type {State|''} */
  let state = '';
  let isBusy = false;
  const press = () => attempt(() => (state === 'on' ? waking.turnOff() : waking.turnOn()));
  const button = h('button', { type: 'button', class: 'primary', id: 'wake', hidden: true, onclick: press });
  const attempt = async (/** @type {() => Promise<State>} */ act) => {
    if (isBusy) return; // not `disabled`, which would take the focus away
    isBusy = true;
    say(told, t('wake.looking'));
    try {
      state = await act();
      say(told, t(`wake.${state}`));
      told.dataset.state = state;
    } catch (why) {
      say(told, refusal(/** @type {any} */ (why)));
    }
    isBusy = false;
    const offer = offerOf(state);
    set(button, { hidden: !offer, class: offer === 'yes' ? 'primary' : 'quiet' });
    if (offer) say(button, t(`wake.${offer}`));
  };
  await sheet('wake-sheet', t('wake.title'), h('p', {}, t('wake.about')), told, button);
  await attempt(() => waking.look());
}

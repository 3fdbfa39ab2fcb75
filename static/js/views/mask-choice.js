/** Choose a mask, and hear oneself through it: the very sound that others will hear. */
import '../lib/words-own.js';
import { h, say, set } from '../lib/dom.js';
import { CHOICES, get } from '../lib/preferences.js';
import { refusal, t } from '../lib/text.js';
import { MaskTrial } from '../session/mask-trial.js';

/** @typedef {import('../session/session.js').Session} Session */

/**
 * @param {Session} session @param {{keeps?: boolean, trial?: MaskTrial, sounds?: () => HTMLAudioElement}} [how]
 * who `keeps` the microphone gives it back without us
 */
export function maskChoice(session, { keeps = false, trial = new MaskTrial(session.speaking, () => session.model), sounds = () => new Audio() } = {}) {
  const audio = sounds();
  const state = h('p', { class: 'sheet-note', role: 'status', id: 'mask-state' });
  const hear = h('button', { type: 'button', class: 'quiet', id: 'mask-try', onclick: () => attempt(record) }, t('mask.try'));
  const choices = CHOICES.mask.map(choice);
  const element = h('fieldset', { class: 'masks', id: 'masks', onchange: (/** @type {Event} */ event) => choose(/** @type {HTMLInputElement} */ (event.target).value) },
    h('legend', {}, t('mask.title')), h('p', { class: 'sheet-note' }, t('mask.why')), h('div', { class: 'mask-list' }, ...choices), hear, state);
  let isOver = false;
  let turn = 0;

  const choose = (/** @type {string} */ mask) => {
    session.presence.wear(mask);
    if (trial.hasTake) attempt(play);
  };
  /** One thing at a time; what fails is told. @param {() => Promise<void>} act */
  const attempt = async (act) => {
    if (trial.isBusy) return say(state, t('mask.busy'));
    set(hear, { disabled: true });
    try {
      await act();
    } catch (why) {
      const code = /** @type {{code?: unknown}} */ (why).code;
      say(state, typeof code === 'string' ? refusal(/** @type {any} */ (why)) : t('mask.failed'));
    } finally {
      set(hear, { disabled: false });
    }
  };
  const record = async () => {
    audio.pause();
    say(state, t('mask.asking'));
    await trial.record(() => say(state, t('mask.say')));
    await play();
  };
  const play = async () => {
    const mine = (turn += 1);
    const mask = get('mask');
    say(state, t('mask.dressing'));
    const sound = await trial.heard(mask);
    if (isOver || mine !== turn) return; // another was chosen meanwhile
    URL.revokeObjectURL(audio.src);
    audio.src = URL.createObjectURL(sound);
    audio.volume = get('volume');
    await audio.play();
    say(state, t(mask === 'none' ? 'mask.played.none' : 'mask.played'));
    say(hear, t('mask.again'));
  };
  const end = () => {
    if (isOver) return;
    isOver = true;
    audio.pause();
    URL.revokeObjectURL(audio.src);
    trial.end({ keeps });
  };
  return { element, end };
}

/** @param {string} mask */
function choice(mask) {
  return h('label', { class: 'mask' }, h('input', { type: 'radio', name: 'mask', value: mask, checked: mask === get('mask'), id: `mask-${mask}` }),
    h('span', {}, h('strong', {}, t(`mask.name.${mask}`)), h('small', {}, t(`mask.line.${mask}`))));
}

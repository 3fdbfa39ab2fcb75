/** "Say your colour": a ring that lives by one's own voice, and what is heard of it. Nothing of it is sent. */
import '../lib/words-own.js';
import { allowanceKey } from '../lib/browser.js';
import { h, say, set } from '../lib/dom.js';
import { get } from '../lib/preferences.js';
import { sheet } from '../lib/sheet.js';
import { t } from '../lib/text.js';
import { MicrophoneCheck } from '../session/microphone-check.js';

/** @typedef {import('../session/session.js').Session} Session */
/** @typedef {'in'|'listen'|'done'} End */

const NOTHING_MS = 6_000; // without a meter nothing would ever be heard
const TROUBLES = ['refused', 'missing', 'busy', 'insecure'];

/**
 * The check, as elements; call it in a gesture. Whoever passed it before is let through as soon as the microphone is open.
 * @param {Session} session @param {{title: string, ended: (how: End) => void, isDoor?: boolean, plays?: boolean}} how at the `door`; to play along then
 */
export function microphoneCheck(session, { title, ended, isDoor = false, plays = isDoor }) {
  const check = new MicrophoneCheck(session.speaking, () => session.model);
  const heading = h('h2', { id: title }, t('check.title'));
  const state = h('p', { class: 'check-state', role: 'status', id: 'check-state' }, t('check.asking'));
  const go = h('button', { type: 'button', class: 'quiet', id: 'check-done', autofocus: true, onclick: () => end(plays ? 'in' : 'done') }, t('check.skip'));
  const again = h('button', { type: 'button', class: 'quiet', id: 'check-again', hidden: true, onclick: () => begin() }, t('check.again'));
  const listen = isDoor && h('button', { type: 'button', class: 'text-button', id: 'check-listen', onclick: () => end('listen') }, t('check.just-listen'));
  const device = deviceField(check, () => begin(true), () => trouble());
  const mask = maskField(session);
  const element = h('div', { class: 'check-voice', 'data-verdict': 'asking' }, heading,
    h('div', { class: 'check-ring', 'aria-hidden': 'true' }), state, device.field, mask.element, h('div', { class: 'check-buttons' }, again, go, listen));
  element.style.setProperty('--voice', session.model.me?.colour ?? '');
  let verdict = 'asking';
  let opened_ms = 0;
  let isOver = false;
  let frame = 0;

  const end = (/** @type {End} */ how) => {
    if (isOver) return;
    isOver = true;
    cancelAnimationFrame(frame);
    mask.end();
    check.end({ passed: how !== 'listen' && opened_ms > 0, keeps: how === 'in' });
    ended(how);
  };
  const begin = async (isOpen = false) => {
    again.hidden = true;
    show('asking');
    try {
      if (!isOpen) await check.begin();
      opened_ms = performance.now();
      if (isDoor && get('checked') && !isOpen) return end('in');
      show('waiting');
      device.fill();
      follow();
    } catch {
      trouble();
    }
  };
  const show = (/** @type {string} */ now) => {
    verdict = element.dataset.verdict = now;
    say(state, t(`check.${now}`));
    const isGood = now === 'good';
    go.classList.toggle('primary', isGood);
    go.classList.toggle('quiet', !isGood);
    say(go, t(isGood ? (plays ? 'check.in' : 'check.done') : 'check.skip'));
  };
  const trouble = () => {
    const { mic } = session.model;
    verdict = element.dataset.verdict = 'trouble';
    say(state, t(`notice.mic-${TROUBLES.includes(mic) ? mic : 'busy'}`, { how: t(allowanceKey()) }));
    if (mic === 'insecure') say(state, t('notice.insecure'));
    again.hidden = false;
    set(go, { hidden: isDoor }); // without a microphone one listens
  };
  const follow = () => {
    cancelAnimationFrame(frame);
    if (isOver || verdict === 'asking' || verdict === 'trouble') return;
    element.style.setProperty('--level', check.level.toFixed(3));
    const isMute = check.verdict === 'waiting' && performance.now() - opened_ms > NOTHING_MS;
    const now = isMute ? 'nothing' : check.verdict;
    if (now !== verdict) show(now);
    frame = requestAnimationFrame(follow);
  };
  begin();
  queueMicrotask(() => go.focus());
  return { element, end };
}

/** Which microphone, where there is a choice. @param {MicrophoneCheck} check @param {() => void} chosen @param {() => void} failed */
function deviceField(check, chosen, failed) {
  const select = h('select', { id: 'check-device' });
  const field = h('label', { class: 'field', hidden: true }, h('span', {}, t('check.device')), select);
  select.addEventListener('change', () => check.choose(select.value).then(chosen, failed));
  const fill = async () => {
    const devices = await check.devices();
    field.hidden = devices.length < 2;
    select.replaceChildren(...deviceOptions(devices));
  };
  return { field, fill };
}

/** A mask is for whoever wants one: fetched when it is asked for. @param {Session} session */
function maskField(session) {
  /** @type {ReturnType<typeof import('./mask-choice.js').maskChoice>|null} */
  let choice = null;
  const wear = h('button', { type: 'button', class: 'text-button', id: 'check-mask', 'aria-expanded': 'false', onclick: () => show() }, t('check.mask'));
  const element = h('div', { class: 'check-mask' }, wear);
  const show = async () => {
    const { maskChoice } = await import('./mask-choice.js');
    if (choice) return;
    choice = maskChoice(session, { keeps: true });
    wear.remove();
    element.append(choice.element);
    /** @type {HTMLElement|null} */ (choice.element.querySelector(':checked'))?.focus();
  };
  return { element, end: () => choice?.end() };
}

/** @param {Pick<MediaDeviceInfo, 'deviceId'|'label'>[]} devices */
export function deviceOptions(devices) {
  const now = get('microphone');
  const named = devices.filter(({ deviceId }) => deviceId);
  return [h('option', { value: '' }, t('check.device.default')), ...named.map(({ deviceId, label }, at) => h('option', { value: deviceId, selected: deviceId === now },
    label || t('check.device.nameless', { n: at + 1 })))];
}

/** The check over the page: "try your microphone", or before one plays along. @param {Session} session @param {() => void} [play] */
export async function open(session, play) {
  /** @type {HTMLDialogElement|null} */
  let dialog = null;
  const { element, end } = microphoneCheck(session, {
    title: 'check-title',
    plays: Boolean(play),
    ended: (how) => {
      dialog?.close();
      if (how === 'in') play?.();
    },
  });
  dialog = await sheet('check-sheet', t('settings.try'), element);
  dialog.addEventListener('close', () => end('listen'));
}

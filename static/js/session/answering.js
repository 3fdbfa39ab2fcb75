/** Whoever comes from a clip, or for the prompt of the day, is thrown that, once, and hears others after a take of their own. */
import '../lib/words-own.js';
import { isDaily } from '../room/daily.js';
import { command } from '../wire/protocol.js';

/** @typedef {import('./session.js').Session} Session */

/** How refusals are told here. @type {Record<string, string>} */
const TOLD = { no_such_clip: 'answer-gone', bad_value: 'answer-nothing', answered_already: 'daily-done' };
/** Others play, and this is asked again when they have ended. */
const LATER = new Set(['not_a_player', 'proposal_running', 'too_fast']);

/** Ask for the prompt of a clip, or without one for that of the day; in a round of others one is here first, and asks as one who plays. @param {Session} session @param {string} clip @returns {Promise<(() => Promise<void>)|undefined>} */
export async function answering(session, clip) {
  leaveAddress();
  until(session, ({ state, me }) => [state.round, state.last_round].some((round) => round?.company?.includes(clip) && round.takes.some(({ voice }) => voice === me?.id)),
    () => session.hidden.remove(clip));
  if (!clip) until(session, ({ state, me }) => !state.round && isDaily(state.last_round) && Boolean(state.last_round?.takes.some(({ voice }) => voice === me?.id)), () => session.play(false));
  if (session.model.state.round) return () => ask(session, clip);
  await ask(session, clip);
  return undefined;
}

/** @param {Session} session @param {string} clip @param {boolean} [again] @returns {Promise<void>} */
async function ask(session, clip, again = true) {
  try {
    await session.request(command('round.start', clip ? { clip } : { daily: true }), { resend: true });
  } catch (why) {
    const { code = '' } = /** @type {import('../wire/protocol.js').Refused} */ (why);
    if (LATER.has(code) && again) {
      session.notices.pass({ code: 'answer-later' });
      return until(session, ({ state }) => !state.round, () => ask(session, clip, false));
    }
    if (code === 'bad_value') session.hidden.remove(clip); // nothing can be said to it first
    if (TOLD[code]) session.notices.pass({ code: TOLD[code] });
    else session.notices.complain(why);
  }
}

/** Do something once, as soon as it holds. @param {Session} session @param {(model: import('./model.js').Model) => boolean} holds @param {() => unknown} act */
function until({ store }, holds, act) {
  let isDone = false;
  const stop = store.watch((model) => {
    if (isDone || !holds(model)) return;
    isDone = true;
    queueMicrotask(() => (stop(), act()));
  });
}

/** Whoever loads the page again is not asked again. */
function leaveAddress() {
  const url = new URL(location.href);
  url.searchParams.delete('answer');
  url.searchParams.delete('daily');
  globalThis.history?.replaceState(null, '', url);
}

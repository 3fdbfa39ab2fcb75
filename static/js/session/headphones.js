/** The one key of headphones and lock screens: it begins a take and ends it, as the talk button does. */
import { isTalking, silencedBy } from './model.js';

/** What the key is called, whichever the page is in: both do the same. */
const KEYS = /** @type {const} */ (['play', 'pause']);

/**
 * @param {{read: import('./model.js').Reader, clock: Pick<import('../room/clock.js').Clock, 'server_ms'>, talk: (command: 'start'|'stop') => unknown,
 *   media?: Pick<MediaSession, 'setActionHandler'|'playbackState'>}} parts
 */
export function answerHeadphones({ read, clock, talk, media = globalThis.navigator?.mediaSession }) {
  const press = () => {
    const model = read();
    media.playbackState = 'playing'; // the radio goes on
    if (!model.joined || (!isTalking(model) && silencedBy(model, clock.server_ms))) return;
    talk(isTalking(model) ? 'stop' : 'start');
  };
  for (const key of media ? KEYS : []) media.setActionHandler(key, press);
}

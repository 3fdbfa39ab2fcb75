/** A card of one's own clip, handed on: whoever opens it says theirs first, and then hears the clip. */
import '../lib/words-own.js';
import { t } from '../lib/text.js';

/** Whether there may be a card of a clip. @param {import('../session/model.js').Model} model @param {{round?: string|null}|undefined} clip */
export function hasShareCard({ room }, clip) {
  return room?.shared !== false && Boolean(clip?.round);
}

/** @param {import('../session/session.js').Session} session @param {string} clip @param {number|null} [reaction_ms] which only its speaker knows */
export async function shareCard({ notices }, clip, reaction_ms) {
  const url = `${location.origin}/c/${clip}/dare${reaction_ms && reaction_ms > 0 ? `?ms=${reaction_ms}` : ''}`;
  try {
    if (navigator.share) {
      await navigator.share({ url, text: t('card.text') });
      return notices.pass({ code: 'card-shared' });
    }
    await navigator.clipboard.writeText(url);
    notices.pass({ code: 'card-copied' });
  } catch (why) {
    if (/** @type {Error} */ (why).name !== 'AbortError') notices.tell({ code: 'card-link', values: { url } }); // to be copied by hand
  }
}

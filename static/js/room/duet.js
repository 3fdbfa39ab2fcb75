/** What is told of whoever goes first in a duet. Pure. */
import { day } from '../lib/format.js';
import { t } from '../lib/text.js';

/** A stranger, with the day; a machine says so. @param {import('../wire/protocol.js').Round|null} round @param {number} now_ms @returns {string} nothing where there is none */
export function duetLine(round, now_ms) {
  if (!round?.duet) return '';
  if (round.duet.machine) return t('duet.machine');
  const { isNear, words } = day(round.duet.at_ms, now_ms);
  return t(isNear ? 'duet.near' : 'duet.on', { day: words });
}

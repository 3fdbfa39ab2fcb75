/** What is told of those who were here before, and go first. Pure. */
import { day } from '../lib/format.js';
import { counted, t } from '../lib/text.js';

/** A stranger, with the day; a machine says so. @param {import('../wire/protocol.js').Round|null} round @param {number} now_ms @returns {string} nothing where there is none */
export function duetLine(round, now_ms) {
  if (round?.chain) return chainLine(round);
  if (!round?.duet) return '';
  if (round.duet.machine) return t('duet.machine');
  const { isNear, words } = day(round.duet.at_ms, now_ms);
  return t(isNear ? 'duet.near' : 'duet.on', { day: words });
}

/** How long a chain is that others left, or that it begins here. @param {import('../wire/protocol.js').Round} round */
function chainLine({ takes }) {
  const links = takes.filter(({ turn }) => turn === 0).length;
  return links ? counted('chain.on', links) : t('chain.first');
}

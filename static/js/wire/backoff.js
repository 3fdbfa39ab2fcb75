/** How long to wait before trying again: grows, is bounded, and is spread by chance. */

export const FIRST_MS = 250;
export const LONGEST_MS = 10_000;

/**
 * Full jitter over the upper half, so that a thousand pages do not come back at one moment.
 * @param {number} attempt counted from 0
 * @param {number} chance from 0 to 1
 */
export function backoff(attempt, chance) {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return Math.round(ceiling / 2 + (ceiling / 2) * chance);
}

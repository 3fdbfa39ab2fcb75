/** The prompt of the day, as a round has it. Pure. */

/** @param {Pick<import('../wire/protocol.js').Round, 'prompt'>|null} round */
export function isDaily(round) {
  return Boolean(round?.prompt?.id.startsWith('daily-'));
}

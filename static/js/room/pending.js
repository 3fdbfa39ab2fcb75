/**
 * Own words that are on their way: shown at once, confirmed by their event, marked when refused.
 *
 * An event may come before the acknowledgement that tells whose it is, and its own voice may write in
 * another tab too. So while something is unanswered, what this voice said since waits: one line, not two.
 *
 * @typedef {{id: string, text: string, state: 'sent'|'stored'|'refused', seq: number, why: string, since: number}} Sending
 */

/** @param {Sending[]} list @param {string} id @param {string} text @param {number} head of the log when it is sent @returns {Sending[]} */
export function sent(list, id, text, head) {
  const again = list.filter((one) => one.id !== id);
  return [...again, { id, text, state: 'sent', seq: 0, why: '', since: head }];
}

/** The server has it; the line goes when its event is here. @param {Sending[]} list @param {string} id @param {number} seq @param {number} head @returns {Sending[]} */
export function stored(list, id, seq, head) {
  return arrived(list.map((one) => (one.id === id ? { ...one, state: 'stored', seq } : one)), head);
}

/** @param {Sending[]} list @param {string} id @param {string} why @returns {Sending[]} */
export function refused(list, id, why) {
  return list.map((one) => (one.id === id ? { ...one, state: 'refused', why } : one));
}

/** Let go of what has arrived as an event, once nothing is unanswered. @param {Sending[]} list @param {number} head @returns {Sending[]} */
export function arrived(list, head) {
  if (list.some(({ state }) => state === 'sent')) return list;
  const rest = going(list, head);
  return rest.length === list.length ? list : rest;
}

/** The log begins anew, and its numbers too: what the old one had is in it, or gone. @param {Sending[]} list @returns {Sending[]} */
export function restarted(list) {
  return list.filter(({ state }) => state !== 'stored').map((one) => ({ ...one, since: 0 }));
}

/** What is not to be seen as an event yet. @param {Sending[]} list @param {number} head @returns {Sending[]} */
export function going(list, head) {
  return list.filter(({ state, seq }) => state !== 'stored' || seq > head);
}

/** Tell which own events wait until it is known whether they are lines on their way. @param {Sending[]} list @returns {(seq: number) => boolean} */
export function waiting(list) {
  const since = Math.min(...list.filter(({ state }) => state === 'sent').map((one) => one.since));
  const known = new Set(list.map(({ seq }) => seq));
  return (seq) => seq > since && !known.has(seq);
}

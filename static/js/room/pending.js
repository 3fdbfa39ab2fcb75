/**
 * Own words that are on their way: shown at once, confirmed by their event, marked when refused.
 *
 * @typedef {{id: string, text: string, state: 'sent'|'stored'|'refused', seq: number, why: string}} Sending
 */

/** @param {Sending[]} list @param {string} id @param {string} text @returns {Sending[]} */
export function sent(list, id, text) {
  const again = list.filter((one) => one.id !== id);
  return [...again, { id, text, state: 'sent', seq: 0, why: '' }];
}

/** The server has it; the line goes when its event is here. @param {Sending[]} list @param {string} id @param {number} seq @param {number} head @returns {Sending[]} */
export function stored(list, id, seq, head) {
  if (head >= seq) return dropped(list, id);
  return list.map((one) => (one.id === id ? { ...one, state: 'stored', seq } : one));
}

/** @param {Sending[]} list @param {string} id @param {string} why @returns {Sending[]} */
export function refused(list, id, why) {
  return list.map((one) => (one.id === id ? { ...one, state: 'refused', why } : one));
}

/** @param {Sending[]} list @param {string} id @returns {Sending[]} */
export function dropped(list, id) {
  return list.filter((one) => one.id !== id);
}

/** Let go of what has arrived as an event. @param {Sending[]} list @param {number} head @returns {Sending[]} */
export function arrived(list, head) {
  const rest = list.filter((one) => one.state !== 'stored' || one.seq > head);
  return rest.length === list.length ? list : rest;
}

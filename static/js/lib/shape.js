/** A shape for every voice, for eyes that do not tell its colour from another's. */

export const SHAPES = /** @type {const} */ (['circle', 'square', 'diamond', 'triangle', 'hexagon', 'drop', 'star', 'cross']);

/** Always the same for a voice, and as often each. @param {string} voice its id @returns {typeof SHAPES[number]} */
export function shapeOf(voice) {
  let hash = 0x811c9dc5; // FNV-1a
  for (const letter of voice) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193);
  return SHAPES[(hash >>> 13) % SHAPES.length];
}

/** What stands after the name of a machine. */
export const MACHINE_SIGN = '\u00A0⚙\uFE0E';

/** A name where it is only text: with a sign, if it is that of a machine. @param {{name: string, machine?: boolean}|null|undefined} voice */
export function signed(voice) {
  return voice ? voice.name + (voice.machine ? MACHINE_SIGN : '') : '';
}

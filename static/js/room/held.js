/** What a visitor has to do with a clip that is withheld, or that a filter holds. Pure. */

/** @typedef {{state: Pick<import('./state.js').RoomState, 'held'|'withheld'|'keeper'>, me: {id: string}|null}} Seen */
/** @typedef {Pick<import('./state.js').Clip, 'clip'|'by'>} Clip */

/** Who keeps the room decides, who spoke sees what became of it. @param {Clip} clip @param {Seen} seen */
function isKnown({ by }, { state, me }) {
  return Boolean(me) && (state.keeper === me?.id || by?.id === me?.id);
}

/** Whether a clip is not shown at all: nobody may say anything about it but who decides. @param {Clip} clip @param {Seen} seen */
export function isWithheldFrom(clip, seen) {
  const { held, withheld } = seen.state;
  const isByFilter = held.get(clip.clip)?.seq === withheld.get(clip.clip);
  return withheld.has(clip.clip) && !isByFilter && !isKnown(clip, seen);
}

/** Whether a filter holds a clip that this visitor cannot hear, and may say something about. @param {Clip} clip @param {Seen} seen */
export function isOutside(clip, seen) {
  return seen.state.held.has(clip.clip) && !isKnown(clip, seen);
}

/** The part in the words about a clip that is held. @param {Clip} clip @param {Seen} seen @returns {'own'|'own-kept'|'decide'|'theirs'} */
export function heldPart(clip, seen) {
  if (isOutside(clip, seen)) return 'theirs';
  const isKeeper = seen.state.keeper === seen.me?.id;
  if (clip.by?.id === seen.me?.id) return isKeeper ? 'own-kept' : 'own';
  return 'decide';
}

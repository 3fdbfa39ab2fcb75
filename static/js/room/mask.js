/** Masks: how one's own voice sounds to all others. Pure. */

export const NONE = 'none';
/** As the server has them. */
export const MASKS = ['mouse', 'giant', 'robot', 'whisper', 'radio', 'underwater', 'alien', 'choir'];

/** The mask that everyone wears now, '' for none. @param {Pick<import('./state.js').RoomState, 'round'|'mask'>} state */
export function maskOfAll(state) {
  return state.round?.mask || state.mask;
}

/** The mask of one's own next take, '' for none. @param {Pick<import('./state.js').RoomState, 'round'|'mask'>} state @param {string} own the one that was chosen */
export function ownMask(state, own) {
  return maskOfAll(state) || (own === NONE ? '' : own);
}

/**
 * A round of play as a fold, as `games/round.py` has it. Facts that were folded already change
 * nothing, for a page may begin with a round from the welcome and then hear its events.
 *
 * @typedef {import('../wire/protocol.js').Round} Round
 */

export const ROUND_KINDS = new Set([
  'round.opened',
  'round.joined',
  'turn.given',
  'vote.cast',
  'verdict.given',
  'round.closed',
]);

/** @param {any} fact @param {number} at_ms @returns {Round} */
export function openRound(fact, at_ms) {
  return {
    id: fact.round,
    game: fact.game,
    tempo: fact.tempo,
    opened_at_ms: at_ms,
    prompt: fact.prompt ?? null,
    players: [...(fact.players ?? [])],
    turns: [],
    takes: [],
    votes: [],
    verdicts: [],
  };
}

/** Fold one fact; facts of other rounds leave it as it is. @param {Round} round @param {string} kind @param {any} fact @returns {Round} */
export function foldRound(round, kind, fact) {
  if (fact.round !== round.id) return round;
  switch (kind) {
    case 'round.joined':
      return round.players.includes(fact.voice) ? round : { ...round, players: [...round.players, fact.voice] };
    case 'turn.given':
      return { ...round, turns: once(round.turns, { voice: null, ...fact }, (turn) => turn.turn === fact.turn) };
    case 'vote.cast':
      return { ...round, votes: [...round.votes, fact] };
    case 'verdict.given':
      return { ...round, verdicts: once(round.verdicts, fact, (old) => old.clip === fact.clip && old.code === fact.code) };
    default:
      return round;
  }
}

/** Add a take to its round. @param {Round} round @param {import('./state.js').Clip} clip @param {string} voice @returns {Round} */
export function land(round, clip, voice) {
  if (clip.round !== round.id) return round;
  const { duration_ms, onset_ms, gap_ms, reaction_ms } = clip;
  const take = { clip: clip.clip, voice, turn: clip.turn ?? 1, duration_ms, onset_ms, gap_ms, reaction_ms };
  return { ...round, takes: once(round.takes, take, (old) => old.clip === clip.clip) };
}

/** Take a forgotten take out. @param {Round} round @param {string} clip @returns {Round} */
export function drop(round, clip) {
  return round.takes.some((take) => take.clip === clip) ? { ...round, takes: round.takes.filter((take) => take.clip !== clip) } : round;
}

/**
 * Whether a voice may speak in a turn: some are for one voice or a few, or for all but one, and some
 * are for ears or votes alone.
 * @param {import('../wire/protocol.js').Turn} turn
 * @param {string} voice
 */
export function isFor(turn, voice) {
  if (turn.act === 'vote' || turn.act === 'listen' || turn.besides === voice) return false;
  if (turn.voice !== null && turn.voice !== voice) return false;
  return !turn.voices?.length || turn.voices.includes(voice);
}

/** @template T @param {T[]} list @param {T} item @param {(old: T) => boolean} same @returns {T[]} */
function once(list, item, same) {
  return list.some(same) ? list : [...list, item];
}

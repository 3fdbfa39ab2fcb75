/** The part of the fold that is about clips: how they land, are revealed, captioned, answered and removed. */
import { put, without } from './maps.js';
import { drop, isSame, land } from './play.js';

/** @typedef {import('./state.js').RoomState} RoomState */
/** @typedef {import('./state.js').RoomEvent} RoomEvent */
/** @typedef {import('./state.js').Clip} Clip */

const UNTOLD = {
  source: 'webrtc', masked: false, round: null, turn: null, reaction_ms: null, peaks: [], hidden: false, caption: null, verdicts: [],
};

/** A take that is hidden from this page has no id yet: `round.revealed` brings it. @param {RoomState} state @param {RoomEvent} event @returns {RoomState} */
export function clipLanded(state, { seq, by, at_ms, data }) {
  return data.clip ? withClip(state, { ...UNTOLD, ...data, seq, by, at_ms }) : unseen(state, data.round);
}

/** @param {RoomState} state @param {string} round @returns {RoomState} */
function unseen(state, round) {
  return state.round?.id === round ? { ...state, round: { ...state.round, unseen: state.round.unseen + 1 } } : state;
}

/** @param {RoomState} state @param {RoomEvent} event @returns {RoomState} */
export function revealed(state, { seq, by, at_ms, data }) {
  const shown = { ...state, round: state.round && { ...state.round, unseen: 0 } };
  return data.takes.reduce((/** @type {RoomState} */ before, /** @type {any} */ take) => {
    const { text, written, voice, ...measures } = take;
    if (written) return withTake(before, { ...UNTOLD, ...measures, seq, written, caption: text, round: data.round }, voice);
    const known = before.clips.get(take.clip) ?? { ...UNTOLD, ...measures, seq, by, at_ms, round: data.round, caption: text ?? null };
    return withClip(before, { ...known, hidden: false });
  }, shown);
}

/** Something written takes its place in the round, like a take. @param {RoomState} state @param {RoomEvent} event @returns {RoomState} */
export function answered(state, { seq, by, data }) {
  if (!data.answer || !by) return unseen(state, data.round);
  const { answer: clip, round, turn, text: caption, hidden = false } = data;
  const silent = { duration_ms: 0, onset_ms: 0, gap_ms: 0 };
  return withTake(state, /** @type {any} */ ({ ...UNTOLD, ...silent, clip, round, turn, caption, hidden, seq, written: true }), by.id);
}

/** @param {RoomState} state @param {string} id @param {string} caption @returns {RoomState} */
export function captioned(state, id, caption) {
  const clip = state.clips.get(id);
  return clip ? { ...state, clips: put(state.clips, id, { ...clip, caption }) } : state;
}

/** @param {RoomState} state @param {import('../wire/protocol.js').Verdict} verdict @returns {RoomState} */
export function judged(state, verdict) {
  const clip = state.clips.get(verdict.clip);
  return clip ? { ...state, clips: put(state.clips, clip.clip, { ...clip, verdicts: [...clip.verdicts, verdict] }) } : state;
}

/** The room voted that the referee was wrong. @param {RoomState} state @param {{clip: string, code: string}} fact @returns {RoomState} */
export function overruled(state, fact) {
  const clip = state.clips.get(fact.clip);
  const verdicts = clip?.verdicts.map((old) => (isSame(old, fact) ? { ...old, overruled: true } : old));
  return clip && verdicts ? { ...state, clips: put(state.clips, clip.clip, { ...clip, verdicts }) } : state;
}

/** @param {RoomState} state @param {string} id @returns {RoomState} */
export function removed(state, id) {
  const { clips, reactions, round, last_round } = state;
  return {
    ...state,
    clips: without(clips, id),
    reactions: without(reactions, id),
    round: round && drop(round, id),
    last_round: last_round && drop(last_round, id),
  };
}

/** One voice counts once for one emoji on one target. @param {RoomState} state @param {RoomEvent} event @returns {RoomState} */
export function reacted(state, { by, data }) {
  const given = state.reactions.get(data.target) ?? new Map();
  const voices = given.get(data.emoji) ?? [];
  if (!by || voices.includes(by.id)) return state;
  const more = put(given, data.emoji, [...voices, by.id]);
  return { ...state, reactions: put(state.reactions, data.target, more) };
}

/** @param {RoomState} state @param {Clip} clip @returns {RoomState} */
function withClip(state, clip) {
  return withTake({ ...state, clips: put(state.clips, clip.clip, clip) }, clip, clip.by?.id ?? '');
}

/** @param {RoomState} state @param {Clip & {written?: boolean}} clip @param {string} voice @returns {RoomState} */
function withTake(state, clip, voice) {
  return { ...state, round: state.round && voice ? land(state.round, clip, voice) : state.round };
}

/** The part of the fold that is about clips: how they land, are revealed, captioned, answered and removed. */
import { askedIn, unasked } from './asked.js';
import { unprompted } from './governed.js';
import { put, without } from './maps.js';
import { drop, inRound, inRounds, isAbout, isSame, land, withTakes } from './play.js';

/** @typedef {import('./state.js').RoomState} RoomState */
/** @typedef {import('./state.js').RoomEvent} RoomEvent */
/** @typedef {import('./state.js').Clip} Clip */

const UNTOLD = {
  source: 'webrtc', masked: false, round: null, turn: null, reaction_ms: null, peaks: [], hidden: false, caption: null, words: [], verdicts: [], asked: null, mask: null,
  speech_ms: null,
};

/** A take that is hidden from this page has no id yet: `round.revealed` brings it. @param {RoomState} state @param {RoomEvent} event @returns {RoomState} */
export function clipLanded(state, { seq, by, at_ms, data }) {
  if (!data.clip) return unseen(state, data.round);
  const clip = { ...UNTOLD, ...data, seq, by, at_ms, asked: askedIn(state, data.round ?? null) };
  return withTake({ ...state, clips: put(state.clips, clip.clip, clip) }, clip, by?.id ?? '');
}

/** @param {RoomState} state @param {string} round @returns {RoomState} */
function unseen(state, round) {
  return state.round?.id === round ? { ...state, round: { ...state.round, unseen: state.round.unseen + 1 } } : state;
}

/** @param {RoomState} state @param {RoomEvent} event @returns {RoomState} */
export function revealed(state, event) {
  const { round, takes } = event.data;
  const clips = takes.map((/** @type {any} */ { clip }) => clip);
  const met = takes.reduce((/** @type {RoomState} */ before, /** @type {any} */ take) => takeRevealed(before, event, take), state);
  return inRound(met, round, (one) => ({ ...withTakes(one, clips, { hidden: false }), unseen: 0 }));
}

/** Show a take, or meet it here for the first time. @param {RoomState} state @param {RoomEvent} event @param {any} take @returns {RoomState} */
function takeRevealed(state, { seq, by, at_ms, data }, { text, written, voice, ...measures }) {
  const met = { ...UNTOLD, ...measures, seq, by, at_ms, round: data.round, caption: text ?? null, asked: askedIn(state, data.round) };
  if (written) return withTake(withWritten(state, seq, met.clip), { ...met, written }, voice);
  const known = state.clips.get(met.clip); // this page's own: its words were hidden from it, too
  const shown = known && known.caption !== null ? known : { ...(known ?? met), caption: met.caption, words: met.words };
  return withTake({ ...state, clips: put(state.clips, met.clip, { ...shown, hidden: false }) }, met, voice);
}

/** Something written takes its place in the round, like a take. @param {RoomState} state @param {RoomEvent} event @returns {RoomState} */
export function answered(state, { seq, by, data }) {
  const { answer: clip, round, turn, text: caption, hidden = false } = data;
  if (!clip || !by) return unseen(state, round);
  if (state.round?.id !== round) return state;
  const silent = { duration_ms: 0, onset_ms: 0, gap_ms: 0 };
  return withTake(withWritten(state, seq, clip), /** @type {any} */ ({ ...UNTOLD, ...silent, clip, round, turn, caption, hidden, written: true }), by.id);
}

/** Remember what was written, for it may be taken back by the number of its event. @param {RoomState} state @param {number} seq @param {string} id @returns {RoomState} */
export function withWritten(state, seq, id) {
  return { ...state, written: put(state.written, seq, id) };
}

/** The words of a clip, and when each is heard; '' when none were. @param {RoomState} state @param {{clip: string, text: string, words?: Clip['words']}} fact @returns {RoomState} */
export function captioned(state, { clip: id, text: caption, words = [] }) {
  const clip = state.clips.get(id);
  if (!clip) return state;
  return inRounds({ ...state, clips: put(state.clips, id, { ...clip, caption, words }) }, (round) => withTakes(round, [id], { text: caption }));
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
  if (!id) return state; // it was hidden from this page
  return forgotten({ ...state, clips: without(state.clips, id), reactions: without(state.reactions, id), ripples: without(state.ripples, id) }, id);
}

/** Take a clip, an answer or a topic out of the rounds, and its words wherever they are repeated. @param {RoomState} state @param {string} id @returns {RoomState} */
export function forgotten(state, id) {
  const gone = [state.round, state.last_round].flatMap((round) => round?.verdicts.filter((verdict) => isAbout(round, id, verdict)) ?? []);
  let { clips } = state;
  for (const verdict of gone) {
    const clip = clips.get(verdict.clip);
    if (clip) clips = put(clips, clip.clip, { ...clip, verdicts: clip.verdicts.filter((old) => !isSame(old, verdict)) });
  }
  const proposal = unprompted(state.proposal, id);
  return inRounds({ ...state, clips: unasked(clips, id), proposal }, (round) => drop(round, id));
}

const RIPPLES = 60; // of a clip

/** One voice counts once for one emoji on one target; each reaction has a place in the clip. @param {RoomState} before @param {RoomEvent} event @returns {RoomState} */
export function reacted(before, { by, data }) {
  const state = rippled(before, data);
  const given = state.reactions.get(data.target) ?? new Map();
  const voices = given.get(data.emoji) ?? [];
  if (!by || voices.includes(by.id)) return state;
  const more = put(given, data.emoji, [...voices, by.id]);
  return { ...state, reactions: put(state.reactions, data.target, more) };
}

/** @param {RoomState} state @param {{target: string, at_ms?: number}} data @returns {RoomState} */
function rippled(state, { target, at_ms = 0 }) {
  if (!at_ms || !state.clips.has(target)) return state;
  return { ...state, ripples: put(state.ripples, target, [...(state.ripples.get(target) ?? []), at_ms].slice(-RIPPLES)) };
}

/** @param {RoomState} state @param {Clip & {written?: boolean}} clip @param {string} voice @returns {RoomState} */
function withTake(state, clip, voice) {
  return { ...state, round: state.round && voice ? land(state.round, clip, voice) : state.round };
}

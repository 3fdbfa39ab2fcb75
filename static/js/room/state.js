/**
 * A room's state as a fold of its events: the same fold as the server's, over the same golden logs.
 * Pure: every change makes new values, so that a view sees by identity what it must draw again.
 *
 * @typedef {import('../wire/protocol.js').Event} RoomEvent
 * @typedef {import('../wire/protocol.js').Voice} Voice
 * @typedef {import('../wire/protocol.js').Round} Round
 * @typedef {{clip: string, seq: number, at_ms: number, by: Voice|null, duration_ms: number,
 *   onset_ms: number, gap_ms: number, loudness_lufs: number, peaks: number[], masked: boolean, mask: string|null, speech_ms: number|null,
 *   source: string, round: string|null, turn: number|null, reaction_ms: number|null,
 *   caption: string|null, words: [string, number, number][], verdicts: import('../wire/protocol.js').Verdict[], hidden: boolean,
 *   asked: import('../wire/protocol.js').Prompt|null}} Clip
 * @typedef {{seq: number, by: Voice|null, at_ms: number, text: string}} Text
 * @typedef {{seq: number, by: Voice|null, at_ms: number, expression: string, dice: number[], total: number}} Roll
 * @typedef {{seq: number, text: string, voice: string}} Suggestion
 * @typedef {{head: number, kind: string, name: string, theme: string, description: string,
 *   language: string, tempo: string, public: boolean, place: string, live: boolean, keeper: string,
 *   opened_at_ms: number, closed: boolean, clips: Map<string, Clip>, texts: Map<number, Text>,
 *   reactions: Map<string, Map<string, string[]>>, topic: import('../wire/protocol.js').Prompt|null,
 *   round: Round|null, last_round: Round|null, muted: Map<string, number>, rolls: Map<number, Roll>,
 *   suggestions: Map<string, Suggestion>, wanted: string[], written: Map<number, string>,
 *   locked: boolean, slow: boolean, hold: boolean, voice: boolean|null, mask: string, noise_reduction: boolean, character: string|null, withheld: Map<string, number>, held: Map<string, import('./governed.js').HeldClip>,
 *   proposal: import('./governed.js').Proposal|null, reported: Map<string, string>,
 *   ripples: Map<string, number[]>}} RoomState
 */
import { answered, captioned, clipLanded, forgotten, judged, overruled, reacted, removed, revealed, withWritten } from './clips.js';
import { GOVERNED, shownAgain } from './governed.js';
import { newest, put, without } from './maps.js';
import { foldRound, inRound, openRound, ROUND_KINDS, UNPLAYED } from './play.js';

export const KEPT = 300; // of clips, of lines: more than a page shows at once

/** @type {RoomState} */
export const EMPTY = Object.freeze({
  head: 0,
  kind: '',
  name: '',
  theme: '',
  description: '',
  language: 'en',
  tempo: 'snap',
  public: false,
  place: '',
  live: false,
  keeper: '',
  opened_at_ms: 0,
  closed: false,
  clips: new Map(),
  texts: new Map(),
  reactions: new Map(),
  ripples: new Map(), // by clip: how far into it somebody reacted
  topic: null,
  round: null,
  last_round: null,
  muted: new Map(),
  rolls: new Map(),
  suggestions: new Map(),
  wanted: [],
  locked: false,
  slow: false,
  hold: false,
  mask: '',
  noise_reduction: false,
  character: null, // who keeps people company; null or '': nobody
  voice: null, // whether the radio says what is played; null: as the room's kind has it
  withheld: new Map(), // what is hidden for all until somebody decided: clips by id, texts by seq; by which event
  held: new Map(), // those of them that a filter holds, and how many say that they may pass
  proposal: null,
  reported: new Map(), // what this page's voice reported, and what became of it: '' (nothing yet), 'kept', 'removed'
  written: new Map(), // by the number of its event: the id of a written answer or a topic
});

/** Begin with what a welcome says of a room; the events after it are folded on top. @param {import('../wire/protocol.js').Room} room @returns {RoomState} */
export function seeded(room) {
  const { kind, name, theme, description, language, tempo, live = false, keeper, closed = false, locked = false, slow = false, hold = false, mask, voice = null, noise_reduction = false, character = null } = room;
  return { ...EMPTY, kind, name, theme, description, language, tempo, live, keeper: keeper ?? '', closed, locked, slow, hold, mask: mask ?? '', voice, noise_reduction, character, round: seededRound(room.round) };
}

/** @param {import('../wire/protocol.js').RoundShown|null} shown @returns {Round|null} */
function seededRound(shown) {
  if (!shown) return null;
  const { turn, verdicts = [], mask = null, ...round } = shown;
  return { ...UNPLAYED, ...round, mask, turns: turn ? [turn] : [], takes: [], verdicts };
}

/** @param {RoomState} state @param {RoomEvent[]} events @returns {RoomState} */
export function foldAll(state, events) {
  return events.reduce(apply, state);
}

/** Keep the newest of what grows: a page may be open for days. @param {RoomState} state @returns {RoomState} */
export function bounded(state) {
  const { clips, texts, rolls, reactions, ripples, written, withheld, held, reported } = state;
  const hidden = { withheld: newest(withheld, KEPT), held: newest(held, KEPT), reported: newest(reported, KEPT) };
  const given = { reactions: newest(reactions, KEPT), ripples: newest(ripples, KEPT) };
  return { ...state, ...hidden, ...given, clips: newest(clips, KEPT), texts: newest(texts, KEPT), rolls: newest(rolls, KEPT), written: newest(written, KEPT) };
}

/** Fold one event; kinds this page does not know only move the head. @param {RoomState} state @param {RoomEvent} event @returns {RoomState} */
export function apply(state, event) {
  const next = { ...state, head: event.seq };
  if (Object.keys(event.data ?? {}).length === 0) return next; // erased: its place is kept, its content gone
  if (ROUND_KINDS.has(event.kind)) return foldRounds(next, event);
  return Object.hasOwn(FOLDS, event.kind) ? FOLDS[event.kind](next, event) : next;
}

/** @type {Record<string, (state: RoomState, event: RoomEvent) => RoomState>} */
const FOLDS = {
  'room.opened': (state, { by, data, at_ms }) => {
    const { room_kind: kind, ...words } = data;
    return { ...state, ...words, kind, keeper: data.public ? '' : (by?.id ?? ''), opened_at_ms: at_ms };
  },
  'room.changed': (state, { data }) => ({ ...state, ...known(data) }),
  'room.closed': (state) => ({ ...state, closed: true }),
  'text.said': (state, { seq, by, at_ms, data }) => ({
    ...state,
    texts: put(state.texts, seq, { seq, by, at_ms, text: data.text }),
  }),
  'text.removed': (state, { data }) => unsaid(shownAgain(state, String(data.target), data.reason), data.target),
  'dice.rolled': (state, { seq, by, at_ms, data }) => ({
    ...state,
    rolls: put(state.rolls, seq, { seq, by, at_ms, ...data }),
  }),
  'clip.landed': clipLanded,
  'clip.captioned': (state, { data }) => captioned(state, data),
  'clip.removed': (state, { data }) => removed(shownAgain(state, data.clip, data.reason), data.clip),
  'round.revealed': revealed,
  'answer.given': answered,
  'reaction.given': reacted,
  'topic.thrown': (state, { data }) => ({
    ...state,
    topic: data.prompt,
    wanted: [],
    suggestions: without(state.suggestions, data.prompt.id),
  }),
  'topic.suggested': (state, { seq, by, data }) => ({
    ...withWritten(state, seq, data.topic),
    suggestions: put(state.suggestions, data.topic, { seq, text: data.text, voice: by?.id ?? '' }),
  }),
  'topic.wanted': (state, { data }) => ({ ...state, wanted: [...state.wanted.filter((one) => one !== data.voice), data.voice] }),
  ...GOVERNED,
  'voice.muted': (state, { data, at_ms }) => ({ ...state, muted: muted(state.muted, data, at_ms) }),
};

/** @param {RoomState} state @param {RoomEvent} event @returns {RoomState} */
function foldRounds(state, event) {
  if (event.kind === 'round.opened') return { ...state, wanted: [], round: openRound(event.data, event.at_ms, event.by?.id) };
  if (event.kind === 'verdict.given') state = judged(state, event.data);
  if (event.kind === 'verdict.overruled') state = overruled(state, event.data);
  const { round } = state;
  if (event.kind === 'round.closed') {
    return round && round.id === event.data.round ? { ...state, round: null, proposal: null, last_round: closed(round, event) } : state;
  }
  return inRound(state, event.data.round, (one) => foldRound(one, event.kind, event.data));
}

/** What older logs do not say of an end. */
const UNTOLD_END = {
  takes: [], replay: [], answer: '', coach: '', ending: 'plain', winners: [], secrets: [], met: null, set_place: 0, line: '', next_at_ms: 0, undecided: [], stays_open: false,
};

/** @param {Round} round @param {RoomEvent} event @returns {Round} */
function closed(round, { at_ms, data }) {
  return { ...round, closing: { ...UNTOLD_END, ...data, at_ms } };
}

/** Something written is gone: a line, a suggestion or an answer, known by the number of its event. @param {RoomState} state @param {number} target @returns {RoomState} */
function unsaid(state, target) {
  const suggestions = new Map([...state.suggestions].filter(([, { seq }]) => seq !== target));
  const rest = { ...state, suggestions, texts: without(state.texts, target), rolls: without(state.rolls, target), written: without(state.written, target) };
  const id = state.written.get(target);
  return id ? forgotten(rest, id) : rest;
}

/** Who is muted until when, without those who are no more. @param {Map<string, number>} before @param {{voice: string, until_ms: number}} data @param {number} now_ms */
function muted(before, { voice, until_ms }, now_ms) {
  return new Map([...put(before, voice, until_ms)].filter(([, ends]) => ends > now_ms));
}

/** What is told; null leaves a field as it was. @param {Record<string, unknown>} fields */
function known(fields) {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

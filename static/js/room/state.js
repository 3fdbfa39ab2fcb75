/**
 * A room's state as a fold of its events: the same fold as the server's, over the same golden logs.
 * Pure: every change makes new values, so that a view sees by identity what it must draw again.
 *
 * @typedef {import('../wire/protocol.js').Event} RoomEvent
 * @typedef {import('../wire/protocol.js').Voice} Voice
 * @typedef {import('../wire/protocol.js').Round} Round
 * @typedef {{clip: string, seq: number, at_ms: number, by: Voice|null, duration_ms: number,
 *   onset_ms: number, gap_ms: number, loudness_lufs: number, peaks: number[], masked: boolean,
 *   source: string, round: string|null, turn: number|null, reaction_ms: number|null,
 *   caption: string|null, verdict: string|null, hidden: boolean}} Clip
 * @typedef {{seq: number, by: Voice|null, at_ms: number, text: string}} Text
 * @typedef {{head: number, kind: string, name: string, theme: string, description: string,
 *   language: string, tempo: string, public: boolean, place: string, opened_at_ms: number,
 *   closed: boolean, clips: Map<string, Clip>, texts: Map<number, Text>,
 *   reactions: Map<string, Map<string, string[]>>, topic: import('../wire/protocol.js').Prompt|null,
 *   round: Round|null, last_round: Round|null, muted: Map<string, number>}} RoomState
 */
import { answered, captioned, clipLanded, judged, reacted, removed, revealed } from './clips.js';
import { put, without } from './maps.js';
import { foldRound, openRound, ROUND_KINDS } from './play.js';

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
  opened_at_ms: 0,
  closed: false,
  clips: new Map(),
  texts: new Map(),
  reactions: new Map(),
  topic: null,
  round: null,
  last_round: null,
  muted: new Map(),
});

/** Begin with what a welcome says of a room; the events after it are folded on top. @param {import('../wire/protocol.js').Room} room @returns {RoomState} */
export function seeded(room) {
  const { kind, name, theme, description, language, tempo, closed = false } = room;
  return { ...EMPTY, kind, name, theme, description, language, tempo, closed, round: seededRound(room.round) };
}

/** @param {import('../wire/protocol.js').RoundShown|null} shown @returns {Round|null} */
function seededRound(shown) {
  if (!shown) return null;
  const { turn, verdicts = [], ...round } = shown;
  return { ...round, turns: turn ? [turn] : [], takes: [], votes: [], verdicts };
}

/** @param {RoomState} state @param {RoomEvent[]} events @returns {RoomState} */
export function foldAll(state, events) {
  return events.reduce(apply, state);
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
  'room.opened': (state, { data, at_ms }) => {
    const { room_kind: kind, name, theme, description, language, tempo, place } = data;
    return { ...state, kind, name, theme, description, language, tempo, place, public: data.public, opened_at_ms: at_ms };
  },
  'room.changed': (state, { data }) => ({ ...state, ...known(data) }),
  'room.closed': (state) => ({ ...state, closed: true }),
  'text.said': (state, { seq, by, at_ms, data }) => ({
    ...state,
    texts: put(state.texts, seq, { seq, by, at_ms, text: data.text }),
  }),
  'text.removed': (state, { data }) => ({ ...state, texts: without(state.texts, data.target) }),
  'clip.landed': clipLanded,
  'clip.captioned': (state, { data }) => captioned(state, data.clip, data.text),
  'clip.removed': (state, { data }) => removed(state, data.clip),
  'round.revealed': revealed,
  'answer.given': answered,
  'reaction.given': reacted,
  'topic.thrown': (state, { data }) => ({ ...state, topic: data.prompt }),
  'voice.muted': (state, { data }) => ({ ...state, muted: put(state.muted, data.voice, data.until_ms) }),
};

/** @param {RoomState} state @param {RoomEvent} event @returns {RoomState} */
function foldRounds(state, event) {
  if (event.kind === 'round.opened') return { ...state, round: openRound(event.data, event.at_ms) };
  if (event.kind === 'verdict.given') state = judged(state, event.data);
  const { round, last_round } = state;
  if (event.kind === 'round.closed') {
    return round?.id === event.data.round ? { ...state, round: null, last_round: round } : state;
  }
  if (round && round.id === event.data.round) return { ...state, round: foldRound(round, event.kind, event.data) };
  return { ...state, last_round: last_round && foldRound(last_round, event.kind, event.data) };
}

/** What is told; null leaves a field as it was. @param {Record<string, unknown>} fields */
function known(fields) {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

/**
 * What the head of the stage shows at one moment: who plays, who has the word, who is next, and what
 * part this visitor has in it. Pure.
 *
 * @typedef {import('../wire/protocol.js').Round} Round
 * @typedef {import('../wire/protocol.js').Turn} Turn
 * @typedef {import('../wire/protocol.js').Voice} Voice
 * @typedef {import('./round.js').RoundStatus} RoundStatus
 * @typedef {'you'|'all'|'other'|'bystander'|'none'} Part
 * @typedef {{id: string, name: string, colour: string, has: boolean, next: boolean, lit: boolean, spoke: boolean, you: boolean}} Person
 * @typedef {{state: import('./state.js').RoomState, presence: import('./presence.js').Presence, me: Voice|null,
 *   room: import('../wire/protocol.js').Room|null, onAir: string|null, replaying: string|null, hidden?: string[]}} Seen  of the model
 */
import { isDrawnIn } from './play.js';
import { isMute } from './round.js';

export const MOST_PEOPLE = 8;
const LOUDEST = 100; // of peaks

/**
 * What a visitor is in the running turn: the one whose it is, one of all, one who watches a game into which nobody
 * is drawn, or somebody who hears another.
 * @param {Pick<Seen, 'state'|'me'|'room'>} model @param {RoundStatus} status @returns {Part}
 */
export function partIn({ state: { round }, me, room }, { phase, turn, mine }) {
  if (!round || !turn || !isOpen(phase) || isMute(turn)) return 'none';
  const id = me?.id ?? '';
  if (!mine || round.left?.includes(id)) return 'other';
  if (!isDrawnIn(round, id, room)) return 'bystander';
  return ownersOf(turn).length ? 'you' : 'all';
}

/** Whose a turn is; nobody's in particular where all speak at once. @param {Turn|null} turn @returns {string[]} */
export function ownersOf(turn) {
  return turn?.voice ? [turn.voice] : (turn?.voices ?? []);
}

/** The voice of an id, as far as this page has met it and its visitor has not hidden it. @param {Pick<Seen, 'state'|'presence'|'hidden'>} model @param {string} id @returns {Voice|null} */
export function voiceOf({ state, presence, hidden = [] }, id) {
  if (hidden.includes(id)) return null;
  return presence.voices.get(id) ?? [...state.clips.values()].find(({ by }) => by?.id === id)?.by ?? null;
}

/** Who is in the round, in the order of their turns; nobody whom this visitor hid. @param {Seen} model @param {RoundStatus} status @returns {Person[]} */
export function castOf(model, { turn, phase }) {
  const { state: { round, clips }, presence, me, onAir, replaying, hidden = [] } = model;
  if (!round) return [];
  const has = turn && !isMute(turn) && (isOpen(phase) || isTalking(turn, presence)) ? ownersOf(turn) : [];
  const heard = turn?.act === 'vote' ? '' : (clips.get(replaying ?? onAir ?? '')?.by?.id ?? ''); // judged unknown
  const spoken = round.takes.filter((take) => take.turn === turn?.turn).map(({ voice }) => voice);
  const ids = round.players.length ? round.players : [...round.takes.map(({ voice }) => voice), ...presence.voices.keys()];
  const playing = [...new Set([...ids, ...has])].filter((id) => !round.left?.includes(id) && !hidden.includes(id));
  const first = playing.filter((id) => has.includes(id) || id === turn?.next || id === heard);
  const kept = new Set([...first, ...playing].slice(0, MOST_PEOPLE));
  return playing.filter((id) => kept.has(id)).map((id) => ({
    id,
    name: voiceOf(model, id)?.name ?? '',
    colour: voiceOf(model, id)?.colour ?? '',
    has: has.includes(id),
    next: id === turn?.next && !has.includes(id),
    lit: id === heard || presence.speaking.has(id),
    spoke: spoken.includes(id),
    you: id === me?.id,
  }));
}

/** Who started the round, as long as it has not begun; nobody needs to be told of oneself. @param {Seen} model @param {RoundStatus} status */
export function starterIn(model, { turn, phase }) {
  const starter = model.state.round?.starter;
  const isTold = starter && starter !== model.me?.id && turn?.turn === 1 && phase === 'count-in';
  return (isTold && voiceOf(model, starter)?.name) || '';
}

/** Whether the one who started the round begins it: then one line says both. @param {Seen} model @param {import('../wire/protocol.js').Turn|null} turn */
export function startsSelf({ state }, turn) {
  const owners = ownersOf(turn);
  return owners.length === 1 && owners[0] === state.round?.starter;
}

/** The takes of a round that this visitor may see. @param {Round} round @param {Viewed} model @returns {import('../wire/protocol.js').Take[]} */
export function takesSeen(round, model) {
  const isSeen = seenBy(model);
  return round.takes.filter((take) => !take.hidden && isSeen(take));
}

/**
 * Which clips and texts this visitor may see: none that is hidden for all until somebody decided (its speaker and the
 * keeper see it), or of a voice that is not wanted.
 * @typedef {Pick<Seen, 'state'> & Partial<Pick<Seen, 'me'|'hidden'>>} Viewed
 * @param {Viewed} model @returns {(item: {clip: string, voice: string}) => boolean}
 */
export function seenBy({ state: { withheld, written, keeper }, me, hidden = [] }) {
  const texts = [...written].filter(([seq]) => withheld.has(String(seq))).map(([, id]) => id); // they are hidden by their seqs
  const isWithheld = (/** @type {string} */ clip) => withheld.has(clip) || texts.includes(clip);
  const isOwn = (/** @type {string} */ voice) => Boolean(me) && (voice === me?.id || keeper === me?.id);
  return ({ clip, voice }) => !hidden.includes(clip) && !hidden.includes(voice) && (isOwn(voice) || !isWithheld(clip));
}

/** The takes that are put up for a vote, in that order; none while there is no vote. @param {Round|null} round @returns {string[]} */
export function stagedIn(round) {
  const turn = round?.turns.at(-1);
  if (!round || turn?.act !== 'vote') return [];
  const seen = round.takes.filter(({ hidden }) => !hidden).map(({ clip }) => clip);
  return turn.clips?.length ? turn.clips.filter((clip) => seen.includes(clip)) : seen;
}

/** Whether whoever has begun in a turn may talk for longer than its window is open. @param {Turn|null} turn */
export function talksOn(turn) {
  return Boolean(turn && (turn.limit_ms ?? 0) > turn.closes_at_ms - turn.go_at_ms);
}

/** Whether somebody talks on in their turn, though nobody may begin in it any more. @param {Turn|null} turn @param {import('./presence.js').Presence} presence */
export function isTalking(turn, presence) {
  return talksOn(turn) && ownersOf(turn).some((id) => presence.speaking.has(id));
}

/** What a turn for ears or thumbs asks of a visitor, as a key of the catalogue. @param {Turn} turn @param {Voice|null} me */
export function calmOf({ act, role, voices }, me) {
  if (act === 'vote' && role === 'same') return 'act.same';
  if (act === 'vote' && role === 'judge') return me && voices?.includes(me.id) ? 'act.judge' : 'act.judge.other';
  return `act.${act}`;
}

/** Those whose word is still to come in a turn for all. @param {Pick<Seen, 'state'|'presence'|'room'|'hidden'>} model @param {Pick<RoundStatus, 'turn'>} status @returns {string[]} names; empty when nobody is missing, or only who is hidden */
export function missingIn(model, { turn }) {
  const { state: { round }, presence, room, hidden = [] } = model;
  if (!round || !turn) return [];
  const done = new Set([...round.takes, ...round.passed].filter((each) => each.turn === turn.turn).map(({ voice }) => voice));
  const here = [...presence.voices.values()].filter(({ id }) => !hidden.includes(id));
  return here.filter(({ id }) => id !== turn.besides && !done.has(id) && !round.left?.includes(id) && isDrawnIn(round, id, room)).map(({ name }) => name);
}

/** Who somebody secretly is, and what they want, as sentences. @param {{role?: string, text?: string}} given */
export function secretOf({ role, text }) {
  return [role, text].flatMap((words) => (words ? [words.charAt(0).toUpperCase() + words.slice(1)] : [])).join('. ');
}

/** How loud a clip is at one moment of it, 0 to 1, by its picture. @param {number[]} peaks @param {number} part 0 to 1 */
export function levelAt(peaks, part) {
  const peak = peaks[Math.min(peaks.length - 1, Math.max(0, Math.floor(part * peaks.length)))] ?? 0;
  return Math.min(1, Math.max(0, peak / LOUDEST));
}

/** A name where there is little room: its last word, which is the thing. @param {string} name */
export function shortened(name) {
  return name.split(/\s+/).at(-1) ?? '';
}

/** @param {import('./round.js').Phase} phase */
function isOpen(phase) {
  return phase === 'count-in' || phase === 'window';
}

/** The mask that everyone wears now, '' for none. @param {Pick<import('./state.js').RoomState, 'round'|'mask'>} state */
export function maskOfAll({ round, mask }) {
  return round?.mask || mask;
}

/** The mask of one's own next take, '' for none. @param {Pick<import('./state.js').RoomState, 'round'|'mask'>} state @param {string} own 'none' as one speaks */
export function ownMask(state, own) {
  return maskOfAll(state) || (own === 'none' ? '' : own);
}

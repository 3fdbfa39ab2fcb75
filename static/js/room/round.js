/**
 * Where a round stands at one moment, for one voice. Pure: the time is an argument.
 *
 * @typedef {import('../wire/protocol.js').Turn} Turn
 * @typedef {'idle'|'waiting'|'count-in'|'window'|'over'} Phase
 * @typedef {object} RoundStatus
 * @property {Phase} phase
 * @property {Turn|null} turn
 * @property {string} prompt      the words, empty when there are none
 * @property {boolean} shown      are the words to be shown yet (a snap prompt waits for "go")
 * @property {boolean} mine       may this voice speak in the turn, and has not yet
 * @property {string} step        what is shown now of a turn whose things come one after the other
 * @property {number} count       3, 2, 1 in the count-in; 0 otherwise, and before it while the radio speaks
 * @property {number} part        how much of the count-in or window is over, 0 to 1
 * @property {number} left_ms     until the phase ends
 */
import { companyOf, isFor } from './play.js';

export const COUNT_FROM = 3;
export const OVER_MS = 6_000; // how long the end of a turn is shown when nothing follows
export const ENDING_MS = 8_000; // how long the end of a round has the stage
/** How long each of the counts is (`TIMINGS` of the server). @type {Record<string, number>} */
const BEAT_MS = { snap: 600, slow: 1000 };

/** The ends that are not worth a card: something else began. */
const CUT = new Set(['again', 'replaced']);

/** @type {RoundStatus} */
const NOTHING = { phase: 'idle', turn: null, prompt: '', shown: true, mine: false, step: '', count: 0, part: 0, left_ms: 0 };

/**
 * @param {import('./state.js').RoomState} state
 * @param {string} me voice id
 * @param {number} now_ms the server's time
 * @param {number} [pace] of one's own turns
 * @returns {RoundStatus}
 */
export function statusOf(state, me, now_ms, pace = 1) {
  const { round } = state;
  const turn = round?.turns.at(-1) ?? null;
  if (!round || !turn) return resting(state, now_ms);
  const mine = isFor(turn, me) && !round.takes.some((take) => take.voice === me && take.turn === turn.turn);
  const base = { ...NOTHING, turn, mine, prompt: turn.prompt || round.prompt?.text || '' };
  if (now_ms < turn.go_at_ms && !isMute(turn)) return countIn(base, turn, round, now_ms);
  const closes_at_ms = closesAt(turn, mine ? pace : 1);
  if (now_ms < closes_at_ms) return inWindow(base, turn, closes_at_ms, now_ms);
  return { ...base, phase: 'over', part: 1 };
}

/** Nobody is to speak in it, so there is nothing to get ready for. @param {Turn} turn */
export function isMute({ act }) {
  return act === 'vote' || act === 'listen';
}

/** @param {RoundStatus} base @param {Turn} turn @param {import('../wire/protocol.js').Round} round @param {number} now_ms @returns {RoundStatus} */
function countIn(base, turn, round, now_ms) {
  const left_ms = turn.go_at_ms - now_ms;
  const beat_ms = BEAT_MS[round.tempo] ?? BEAT_MS.snap;
  // Clocks are a little off, by less than half a beat.
  const count = left_ms > (COUNT_FROM + 0.5) * beat_ms ? 0 : Math.min(COUNT_FROM, Math.ceil(left_ms / beat_ms));
  const part = clamp(1 - left_ms / (COUNT_FROM * beat_ms));
  return { ...base, phase: 'count-in', shown: round.tempo === 'slow' || Boolean(round.duet || round.takes[0]?.turn === 0), count, part, left_ms };
}

/** When a turn's window closes for who has a pace of their own; the room waits as long. @param {Turn} turn @param {number} pace */
export function closesAt(turn, pace) {
  return turn.go_at_ms + (turn.closes_at_ms - turn.go_at_ms) * pace;
}

/** @param {RoundStatus} base @param {Turn} turn @param {number} closes_at_ms @param {number} now_ms @returns {RoundStatus} */
function inWindow(base, turn, closes_at_ms, now_ms) {
  const left_ms = closes_at_ms - now_ms;
  const whole_ms = closes_at_ms - turn.go_at_ms;
  const steps = turn.steps ?? [];
  const step = steps[Math.floor(((whole_ms - left_ms) * steps.length) / whole_ms)] ?? '';
  return { ...base, phase: 'window', part: clamp(1 - left_ms / whole_ms), left_ms, step };
}

/** Between rounds: the last words stay, the end of a round is told for a while. @param {import('./state.js').RoomState} state @param {number} now_ms @returns {RoundStatus} */
function resting(state, now_ms) {
  if (state.round) return { ...NOTHING, phase: 'waiting', prompt: state.round.prompt?.text ?? '', shown: state.round.tempo === 'slow' };
  const closing = state.last_round?.closing;
  const turn = state.last_round?.turns.at(-1) ?? null;
  const prompt = turn?.prompt || state.topic?.text || '';
  const isHeardOn = closing && companyOf(/** @type {import('../wire/protocol.js').Round} */ (state.last_round)).length; // until the next one comes
  const ends_at_ms = closing ? Math.max(closing.at_ms + ENDING_MS, isHeardOn ? closing.next_at_ms : 0) : turn ? turn.closes_at_ms + OVER_MS : 0;
  if (turn && now_ms < ends_at_ms) return { ...NOTHING, phase: 'over', turn, prompt, part: 1, left_ms: ends_at_ms - now_ms };
  return { ...NOTHING, prompt };
}

/**
 * The page's own voice in the last round: how long after "go" it began, if it spoke.
 * @param {import('../wire/protocol.js').Round|null} round
 * @param {string} me
 * @returns {number|null}
 */
export function reactionOf(round, me) {
  const own = round?.takes.filter((take) => take.voice === me && take.reaction_ms !== null) ?? [];
  return own.at(-1)?.reaction_ms ?? null;
}

/** @param {number} part */
function clamp(part) {
  return Math.min(1, Math.max(0, part));
}

/** Whether a round ended in which nobody said anything. @param {{state: import('./state.js').RoomState, preview: unknown, speaking: string}} model */
export function stayedSilent({ state: { round, last_round }, preview, speaking }) {
  return !round && !preview && speaking !== 'sending' && last_round?.takes.length === 0 && !hasCard(last_round);
}

/** Whether the end of this round has a card. @param {import('../wire/protocol.js').Round|null} round */
export function hasCard(round) {
  return Boolean(round?.closing && !CUT.has(round.closing.reason) && (round.takes.length || round.closing.secrets?.length));
}

/**
 * What a party screen shows of a room, and when it must be silent. Pure: the time is an argument.
 *
 * @typedef {import('./round.js').RoundStatus} RoundStatus
 * @typedef {import('./state.js').RoomState} RoomState
 * @typedef {import('../wire/protocol.js').Voice} Voice
 * @typedef {import('../wire/protocol.js').Take} Take
 * @typedef {{clip: string, name: string, colour: string, text: string, hearts: number, lit: boolean, written: boolean, winner: boolean}} Card
 */

import { calmOf, takesSeen } from './head.js';

export const CARDS = 8; // more cannot be read from a sofa
export const MUTE_BEFORE_MS = 150; // microphones beside the screen open at "go"; sound still rings in the room before it

const SPOKEN = new Set(['speak', 'guess']);

/** Whether the screen must make no sound now, for somebody beside it speaks or is about to. @param {RoundStatus} status */
export function isMute({ phase, turn, left_ms }) {
  if (!turn || !SPOKEN.has(turn.act ?? 'speak')) return false;
  return phase === 'window' || (phase === 'count-in' && left_ms <= MUTE_BEFORE_MS);
}

/** Whose turn it is: nobody's, one's, some voices', or everybody's. @param {import('../wire/protocol.js').Turn|null} turn @returns {'none'|'one'|'some'|'all'} */
export function whose(turn) {
  if (!turn || !SPOKEN.has(turn.act ?? 'speak')) return 'none';
  if (turn.voice) return 'one';
  return turn.voices?.length ? 'some' : 'all';
}

/** What a vote asks of the people before the screen, as a key of the catalogue. @param {import('../wire/protocol.js').Turn} turn */
export function ballotOf(turn) {
  const asked = calmOf(turn, null);
  return asked === 'act.vote' ? 'screen.vote' : asked;
}

/** Whether answers stand without names: they are judged unknown, and credited when the vote is over. @param {RoomState} state */
export function isUnsigned({ round }) {
  return round?.turns.at(-1)?.act === 'vote';
}

/**
 * The takes of the running round, or of the last one, as cards: none that is hidden until somebody decided.
 * @param {RoomState} state @param {Map<string, Voice>} here @param {string|null} onAir
 * @returns {Card[]}
 */
export function cardsOf(state, here, onAir) {
  const round = state.round ?? state.last_round;
  const winners = wonBy(state);
  const takes = round ? takesSeen(round, { state }) : [];
  return takes.slice(-CARDS).map(({ clip, voice, text, written = false }) => {
    const by = state.clips.get(clip)?.by ?? here.get(voice);
    const hearts = round?.votes.filter((vote) => vote.clip === clip && vote.value > 0).length ?? 0;
    return { clip, name: nameOf(by), colour: by?.colour ?? '', text: state.clips.get(clip)?.caption ?? text ?? '', hearts,
      lit: onAir === clip, written, winner: winners.includes(clip) };
  });
}

/** On a screen nobody presses a name: a sign says who is a machine. @param {Voice|null|undefined} by */
function nameOf(by) {
  return by ? by.name + (by.machine ? ' ⚙\uFE0E' : '') : '…';
}

/** The clips that won the last round: none while one runs, several after a tie. @param {RoomState} state @returns {string[]} */
function wonBy({ round, last_round }) {
  return round ? [] : (/** @type {{winners?: string[]}} */ (last_round?.closing ?? {}).winners ?? []);
}

/** Who won the last round. @param {RoomState} state @param {Map<string, Voice>} here @returns {Voice[]} */
export function winnersOf(state, here) {
  const voices = wonBy(state).map((clip) => state.clips.get(clip)?.by ?? here.get(state.last_round?.takes.find((take) => take.clip === clip)?.voice ?? ''));
  return /** @type {Voice[]} */ (voices.filter((voice) => voice));
}

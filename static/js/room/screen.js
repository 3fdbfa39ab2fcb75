/**
 * What a party screen shows of a room, and when it must be silent. Pure: the time is an argument.
 *
 * @typedef {import('./round.js').RoundStatus} RoundStatus
 * @typedef {import('./state.js').RoomState} RoomState
 * @typedef {import('../wire/protocol.js').Voice} Voice
 * @typedef {import('../wire/protocol.js').Take} Take
 * @typedef {{title: string, headline: string, below: string, asked: string, secrets: import('./ending.js').Secret[]}} Outcome
 * @typedef {{clip: string, name: string, colour: string, text: string, hearts: number, lit: boolean, written: boolean, winner: boolean}} Card
 */

import { signed } from '../lib/shape.js';
import { t } from '../lib/text.js';
import { endingOf } from './ending.js';
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
    return { clip, name: signed(by) || '…', colour: by?.colour ?? '', text: state.clips.get(clip)?.caption ?? text ?? '', hearts,
      lit: onAir === clip, written, winner: winners.includes(clip) };
  });
}

/** The clips that won the last round: none while one runs, several after a tie. @param {RoomState} state @returns {string[]} */
function wonBy({ round, last_round }) {
  return round ? [] : (/** @type {{winners?: string[]}} */ (last_round?.closing ?? {}).winners ?? []);
}

/**
 * How the end of a round is told, as on the phones: who won or what came of it, the words below that, what was asked,
 * and what is turned over. Null while a round runs. @param {import('./head.js').Seen} model @returns {Outcome|null}
 */
export function outcomeOf(model) {
  const { round, last_round } = model.state;
  if (round || !last_round?.closing) return null;
  const { line, winners, title, words, prompt, secrets } = endingOf(last_round, { ...model, me: null }); // all look at it, also where who keeps the room opened it
  const names = [...new Set(winners.map(({ name }) => name))].filter(Boolean);
  const [first] = line ? [line] : winners;
  const quote = first?.text && names.length < 2 ? t('ending.quote', { text: first.text }) : '';
  const told = { below: [quote, words].filter(Boolean).join(' '), asked: line ? '' : prompt, secrets };
  if (line) return { ...told, title: t('ending.evening'), headline: line.name };
  return names.length ? { ...told, title: t(names.length > 1 ? 'screen.tie' : 'screen.winner'), headline: names.join(' + ') } : { ...told, title: '', headline: title };
}

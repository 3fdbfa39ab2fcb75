/**
 * What the live region says of a round, each thing once: the game, whose turn it is, what is asked, the referee's
 * words, who won. Pure: what was told already is an argument.
 *
 * @typedef {{round: string, game: string, turn: string, prompt: string, challenge: string, verdict: string, end: string}} Announced
 * @typedef {{game: {name: string, short: string}|null, part: import('./head.js').Part, status: import('./round.js').RoundStatus,
 *   model: Pick<import('./head.js').Seen, 'state'|'presence'|'me'>, now_ms?: number}} NewsContext
 */
import { counted, t } from '../lib/text.js';
import { duetLine } from './duet.js';
import { openOf } from './ending.js';
import { calmOf, maskOfAll, ownersOf, voiceOf } from './head.js';

/** @type {Announced} */
export const UNTOLD = { round: '', game: '', turn: '', prompt: '', challenge: '', verdict: '', end: '' };

/** @param {Announced} told @param {NewsContext} moment @returns {{told: Announced, lines: string[]}} */
export function newsOf(told, moment) {
  const { state } = moment.model;
  const round = state.round ?? state.last_round;
  if (!round) return { told, lines: [] };
  /** @type {string[]} */
  const lines = [];
  const next = { ...told };
  const tell = (/** @type {keyof Announced} */ what, /** @type {string} */ name, /** @type {string} */ line) => {
    if (!name || next[what] === name) return;
    next[what] = name;
    if (line) lines.push(line);
  };
  if (state.round && moment.game) tell('game', round.id, [`${moment.game.name}. ${moment.game.short}.`, maskLine(state), duetLine(state.round, moment.now_ms ?? 0)].join(' ').trim());
  if (state.round) tellTurn(moment, tell);
  const challenge = openChallenge(state.round);
  if (challenge) tell('challenge', `${challenge.clip} ${challenge.voice}`, challengeLine(round, challenge, moment.model));
  const verdict = round.verdicts.at(-1);
  if (verdict) tell('verdict', `${round.id} ${verdict.clip} ${verdict.code}`, verdictLine(round, verdict, moment.model));
  if (!state.round && round.closing) tell('end', round.id, endLine(round, moment.model));
  return { told: next, lines };
}

/** @param {import('./state.js').RoomState} state */
function maskLine(state) {
  const mask = maskOfAll(state);
  return mask ? `${t('mask.all', { mask: t(`mask.${mask}`) })}.` : '';
}

/** @param {NewsContext} moment @param {(what: keyof Announced, name: string, line: string) => void} tell */
function tellTurn({ status: { turn, phase, prompt }, part, model }, tell) {
  if (!turn || (phase !== 'count-in' && phase !== 'window')) return;
  const name = `${turn.round} ${turn.turn}`;
  tell('turn', name, [turnLine(turn, part, model), turn.max_words ? counted('words.max', turn.max_words) : ''].filter(Boolean).join('. '));
  tell('prompt', name, prompt ? t('prompt.said', { prompt }) : '');
}

/** @param {import('../wire/protocol.js').Turn} turn @param {import('./head.js').Part} part @param {NewsContext['model']} model */
function turnLine(turn, part, model) {
  if (turn.act === 'vote' || turn.act === 'listen') return t(calmOf(turn, model.me));
  if (part === 'you') return t('news.you');
  if (part === 'all') return t('news.all');
  const names = ownersOf(turn).map((id) => voiceOf(model, id)?.name ?? t('phase.someone')).join(' + ');
  return names ? t('news.other', { names }) : '';
}

/** The newest challenge that nobody has decided. @param {import('../wire/protocol.js').Round|null} round */
export function openChallenge(round) {
  return round?.challenges.findLast(({ clip }) => !round.verdicts.some((verdict) => verdict.clip === clip));
}

/** Who challenges whom. @param {import('../wire/protocol.js').Round} round @param {import('../wire/protocol.js').Challenge} challenge @param {NewsContext['model']} model */
export function challengeLine({ takes }, { clip, voice }, model) {
  const named = (/** @type {string|undefined} */ id) => (id && voiceOf(model, id)?.name) || t('phase.someone');
  return t('round.challenged', { name: named(voice), other: named(takes.find((take) => take.clip === clip)?.voice) });
}

/** Whose take a verdict is about, and the verdict. @param {import('../wire/protocol.js').Round} round @param {import('../wire/protocol.js').Verdict} verdict @param {NewsContext['model']} model */
export function verdictLine({ takes }, { clip, text }, model) {
  const voice = takes.find((take) => take.clip === clip)?.voice;
  const name = voice && voiceOf(model, voice)?.name;
  return name ? `${name}: ${text}` : text;
}

/** @param {import('../wire/protocol.js').Round} round @param {NewsContext['model']} model */
function endLine(round, model) {
  return [winnerLine(round, model), ...openOf(round, model)].filter(Boolean).join('. ');
}

/** @param {import('../wire/protocol.js').Round} round @param {NewsContext['model']} model */
function winnerLine({ takes, closing }, model) {
  const winners = (closing?.winners ?? []).map((clip) => takes.find((take) => take.clip === clip)?.voice ?? '');
  const names = [...new Set(winners)].map((id) => voiceOf(model, id)?.name).filter(Boolean).join(' + ');
  if (!names) return '';
  return t(winners.length > 1 ? 'ending.tie.said' : 'ending.winner', { name: names });
}

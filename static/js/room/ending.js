/**
 * What the card at the end of a round shows, as one value. Pure.
 *
 * @typedef {import('../wire/protocol.js').Round} Round
 * @typedef {import('../wire/protocol.js').Take} Take
 * @typedef {{clip: string, voice: string, name: string, colour: string, text: string, ms: number, written: boolean,
 *   hearts: number, won: boolean, verdicts: {text: string, tone: string, overruled: boolean}[], at_ms?: number}} Shown  `at_ms`: an older clip that answered the same
 * @typedef {{by: {id: string, name: string, colour: string}|null, at_ms: number, duration_ms: number, caption: string|null}} Met
 * @typedef {{voice: string, name: string, colour: string, text: string}} Secret
 * @typedef {{name: string, colour: string, hearts: number, part: number, won: boolean}} Bar
 * @typedef {{kind: string, prompt: string, title: string, takes: Shown[], beads: Shown[], bars: Bar[], secrets: Secret[],
 *   winners: Shown[], line: Shown|null, plays: string[], atOnce: boolean, words: string, names: string[]}} Ending
 */
import { counted, t } from '../lib/text.js';
import { secretOf, seenBy, takesSeen, voiceOf } from './head.js';
import { isDaily } from './daily.js';
import { companyOf } from './play.js';

const BEADED = new Set(['chain', 'series', 'secrets']);

/**
 * @param {Round} round @param {Pick<import('./head.js').Seen, 'state'|'presence'> & Partial<import('./head.js').Seen>} model
 * @param {Map<string, Met|null>} [met] older clips that the page's state does not have @returns {Ending}
 */
export function endingOf(round, model, met = new Map()) {
  const closing = /** @type {import('../wire/protocol.js').Closing} */ (round.closing);
  const kind = closing.ending ?? 'plain';
  const takes = takesSeen(round, model).map((take) => shownOf(take, round, model, met));
  const winners = takes.filter(({ won }) => won);
  const replay = (closing.replay ?? []).map((clip) => takes.find((take) => take.clip === clip)).filter(isThere);
  const beads = BEADED.has(kind) || (kind === 'plain' && replay.length > 1) ? (replay.length > 1 ? replay : takes) : [];
  const line = closing.line ? lineOf(closing.line, takes, model) : null;
  const plays = playsOf(kind, { winners, beads, line, takes, round });
  const company = companyOf(round).map((clip) => metOf(clip, met, model)).filter(isThere);
  const people = [...model.presence.voices.values()].filter(({ machine }) => !machine).length;
  const isLeft = people < 2 && kind === 'plain' && takes.some(({ written }) => !written) && !isDaily(round);
  return {
    kind,
    prompt: round.scene || round.prompt?.text || round.turns[0]?.prompt || '',
    title: company.length && !winners.length ? t(round.duet ? 'ending.duet' : 'ending.company') : titleOf(kind, winners, takes, closing),
    takes: line || beads.length ? [] : round.duet ? [...company, ...rowsOf(kind, round, takes)] : [...rowsOf(kind, round, takes), ...company],
    beads: line ? [] : beads,
    bars: kind === 'duel' ? barsOf(takes) : [],
    secrets: (closing.secrets ?? []).filter(({ voice }) => !model.hidden?.includes(voice)).map(({ voice, role, text }) => ({ voice, ...nameOf(voice, model), text: secretOf({ role, text }) })),
    winners,
    line,
    plays,
    atOnce: kind === 'pair' && !line && plays.length > 1 && !winners.length, // as they were said
    words: [closing.stays_open && round.chain && counted('ending.chain-open', takes.length), isDaily(round) && t('ending.daily'), isLeft && t('ending.left'), ...openOf(round, model), closing.answer && t('round.answer', { answer: closing.answer }), closing.coach].filter(Boolean).join(' '),
    names: [...new Set(takes.map(({ name }) => name).filter(Boolean))],
  };
}

/**
 * A line for each challenge that stays open: whose it was, and about whom. Words that came later may have decided it.
 * @param {Round} round @param {import('./head.js').Viewed & Pick<import('./head.js').Seen, 'presence'>} model
 */
export function openOf(round, model) {
  const seen = new Map(takesSeen(round, model).map((take) => [take.clip, take.voice]));
  const isDecided = (/** @type {string} */ clip) => round.verdicts.some((verdict) => verdict.clip === clip && (verdict.tone ?? 'fault') === 'fault');
  const open = (round.closing?.undecided ?? []).filter(({ clip }) => seen.has(clip) && !isDecided(clip));
  const named = (/** @type {string|undefined} */ voice) => nameOf(voice ?? '', model).name || t('phase.someone');
  return open.map(({ clip, voice }) => t('ending.open', { name: named(voice), other: named(seen.get(clip)) }));
}

/** @param {string} clip @param {Map<string, Met|null>} met @param {import('./head.js').Viewed} model @returns {Shown|undefined} */
function metOf(clip, met, model) {
  const known = model.state.clips.get(clip) ?? met.get(clip);
  if (!known || !seenBy(model)({ clip, voice: known.by?.id ?? '' })) return undefined;
  const { by, at_ms, duration_ms: ms, caption } = known;
  return { clip, voice: by?.id ?? '', name: by?.name ?? '', colour: by?.colour ?? '', text: caption ?? '', ms, at_ms, written: false, hearts: 0, won: false, verdicts: [] };
}

/** What the headline of the card is. @param {string} kind @param {Shown[]} winners @param {Shown[]} takes @param {import('../wire/protocol.js').Closing} closing */
function titleOf(kind, winners, takes, closing) {
  const names = [...new Set(winners.map(({ name }) => name))];
  if (closing.winners?.length && !winners.length) return t('ending.plain'); // who won is hidden from this visitor
  if (names.length > 1) return t('ending.tie');
  if (names.length === 1 && names[0]) return names[0];
  if (kind === 'pair' && closing.met !== undefined && closing.met !== null) return t(closing.met ? 'ending.met' : 'ending.unmet');
  if (kind === 'votes') return t('ending.unvoted');
  if (kind === 'secrets') return t('ending.secrets');
  return takes.length ? t(BEADED.has(kind) ? 'ending.chain' : 'ending.plain') : t('ending.silent');
}

/** What the card plays by itself, in order. @param {string} kind @param {{winners: Shown[], beads: Shown[], line: Shown|null, takes: Shown[], round: Round}} found */
function playsOf(kind, { winners, beads, line, takes, round }) {
  const spoken = (/** @type {Shown[]} */ list) => list.filter(({ written }) => !written).map(({ clip }) => clip);
  if (line) return [line.clip];
  if (winners.length) return spoken(winners).slice(0, 2);
  if (kind === 'secrets') return []; // who was who is enough at once
  if (beads.length) return spoken(beads);
  return kind === 'pair' ? spoken(lastPair(round, takes)) : [];
}

/** @param {Take} take @param {Round} round @param {Pick<import('./head.js').Seen, 'state'|'presence'>} model @param {Map<string, Met|null>} met @returns {Shown} */
function shownOf({ clip, voice, text, duration_ms, written }, round, model, met) {
  const { by, caption = null } = met.get(clip) ?? {};
  const about = round.verdicts.filter((verdict) => verdict.clip === clip);
  return {
    clip,
    voice,
    ...nameOf(voice, model, by),
    text: model.state.clips.get(clip)?.caption ?? text ?? caption ?? '',
    ms: duration_ms,
    written,
    hearts: round.closing?.ending === 'pair' ? 0 : round.votes.filter((vote) => vote.clip === clip && vote.value > 0).length, // of a pair it was asked whether they are one
    won: Boolean(round.closing?.winners?.includes(clip)),
    verdicts: about.map(({ text: words, tone = 'fault', overruled = false }) => ({ text: words, tone, overruled })),
  };
}

/** The line of the evening may be of another round. @param {string} clip @param {Shown[]} takes @param {import('./head.js').Viewed} model @returns {Shown|null} */
function lineOf(clip, takes, model) {
  const here = takes.find((take) => take.clip === clip);
  if (here) return here;
  const known = model.state.clips.get(clip);
  return known && seenBy(model)({ clip, voice: known.by?.id ?? '' }) ? { clip, voice: known.by?.id ?? '', name: known.by?.name ?? '', colour: known.by?.colour ?? '', text: known.caption ?? '', ms: known.duration_ms, written: false, hearts: 0, won: true, verdicts: [] } : null;
}

/** How two stood in a duel, by hearts. @param {Shown[]} takes @returns {Bar[]} */
function barsOf(takes) {
  const voices = [...new Set(takes.map(({ voice }) => voice))].slice(0, 2);
  const of = (/** @type {string} */ voice) => takes.filter((take) => take.voice === voice);
  const hearts = voices.map((voice) => of(voice).reduce((sum, take) => sum + take.hearts, 0));
  const most = Math.max(1, ...hearts);
  return voices.map((voice, at) => ({
    name: of(voice)[0].name, colour: of(voice)[0].colour, hearts: hearts[at], part: hearts[at] / most, won: of(voice).some(({ won }) => won),
  }));
}

/** The takes that stand as rows. @param {string} kind @param {Round} round @param {Shown[]} takes */
function rowsOf(kind, round, takes) {
  if (kind === 'pair') return lastPair(round, takes);
  if (kind === 'duel') return takes.filter(({ won }) => won);
  return takes.toSorted((a, b) => Number(b.won) - Number(a.won) || b.hearts - a.hearts); // the best is in sight
}

/** What two said last at one count. @param {Round} round @param {Shown[]} takes */
function lastPair(round, takes) {
  const last = Math.max(0, ...round.takes.map(({ turn }) => turn));
  const clips = round.takes.filter(({ turn }) => turn === last).map(({ clip }) => clip);
  return takes.filter(({ clip }) => clips.includes(clip));
}

/** @param {string} voice @param {Pick<import('./head.js').Seen, 'state'|'presence'>} model @param {Met['by']} [met] */
function nameOf(voice, model, met = null) {
  const known = voiceOf(model, voice) ?? met;
  return { name: known?.name ?? '', colour: known?.colour ?? '' };
}

/** @param {Shown|undefined} take @returns {take is Shown} */
function isThere(take) {
  return take !== undefined;
}

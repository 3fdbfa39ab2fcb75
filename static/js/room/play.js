/**
 * A round of play as a fold, as `games/round.py` has it. Facts that were folded already change
 * nothing, for a page may begin with a round from the welcome and then hear its events.
 *
 * @typedef {import('../wire/protocol.js').Round} Round
 */

export const ROUND_KINDS = new Set([
  'round.opened',
  'round.joined',
  'round.left',
  'round.paused',
  'turn.given',
  'turn.passed',
  'help.given',
  'role.given',
  'vote.cast',
  'challenge.made',
  'verdict.given',
  'verdict.overruled',
  'round.closed',
]);

/** @param {any} fact @param {number} at_ms @param {string} [starter] @returns {Round} */
export function openRound(fact, at_ms, starter = '') {
  return {
    id: fact.round,
    game: fact.game,
    tempo: fact.tempo,
    opened_at_ms: at_ms,
    prompt: fact.prompt ?? null,
    players: [...(fact.players ?? [])],
    ...UNPLAYED,
    hidden: fact.hidden ?? false,
    scene: fact.scene ?? '',
    starter,
    mask: fact.mask ?? null,
    company: [...(fact.company ?? [])],
    duet: fact.duet ?? null,
    chain: fact.chain ?? '',
    takes: (fact.earlier ?? []).map(earlierTake),
  };
}

/** A link of an earlier visit, as a take of turn 0. @param {{clip: string, voice: string, duration_ms: number}} earlier */
function earlierTake({ clip, voice, duration_ms }) {
  return { clip, voice, turn: 0, duration_ms, onset_ms: 0, gap_ms: 0, reaction_ms: null, text: null, hidden: false, written: false };
}

/** What a round is before anything happened in it. */
export const UNPLAYED = {
  /** @type {string|null} */ mask: null,
  /** @type {import('../wire/protocol.js').Turn[]} */ turns: [],
  /** @type {import('../wire/protocol.js').Take[]} */ takes: [],
  /** @type {import('../wire/protocol.js').Vote[]} */ votes: [],
  /** @type {import('../wire/protocol.js').Verdict[]} */ verdicts: [],
  /** @type {import('../wire/protocol.js').Role[]} */ roles: [],
  /** @type {string[]} */ left: [], // have no turns any more
  /** @type {string[]} */ late: [], // came in the middle
  /** @type {import('../wire/protocol.js').Passed[]} */ passed: [],
  /** @type {import('../wire/protocol.js').Help[]} */ helps: [],
  paused_until_ms: 0, // 0 while it goes on
  /** @type {import('../wire/protocol.js').Challenge[]} */ challenges: [],
  hidden: false,
  scene: '',
  starter: '', // the voice that began it
  /** @type {string[]} */ company: [], // older clips that answered the same, heard after one's own
  /** @type {{at_ms: number, machine: boolean}|null} */ duet: null, // the one older clip is heard first, and was said then
  chain: '', // across visits: takes of turn 0 are earlier links
  unseen: 0, // takes that are here and not shown yet
  /** @type {import('../wire/protocol.js').Closing|null} */ closing: null,
};

/** Fold one fact; facts of other rounds leave it as it is. @param {Round} round @param {string} kind @param {any} fact @returns {Round} */
export function foldRound(round, kind, fact) {
  if (fact.round !== round.id) return round;
  switch (kind) {
    case 'round.joined':
      return round.players.includes(fact.voice) ? round : joined(round, fact);
    case 'round.left':
      return round.left.includes(fact.voice) ? round : { ...round, players: butFor(round.players, fact.voice), left: [...round.left, fact.voice] };
    case 'round.paused':
      return { ...round, paused_until_ms: fact.until_ms };
    case 'turn.passed':
      return { ...round, passed: once(round.passed, fact, (old) => old.turn === fact.turn && old.voice === fact.voice) };
    case 'help.given':
      return { ...round, helps: once(round.helps, fact, (old) => old.turn === fact.turn && old.voice === fact.voice) };
    case 'role.given':
      return { ...round, roles: [...round.roles, fact] };
    case 'turn.given':
      return { ...round, paused_until_ms: 0, turns: once(round.turns, { voice: null, ...fact }, (turn) => turn.turn === fact.turn) };
    case 'vote.cast':
      return { ...round, votes: [...round.votes, fact] };
    case 'challenge.made':
      return { ...round, challenges: once(round.challenges, fact, (old) => old.clip === fact.clip && old.voice === fact.voice) };
    case 'verdict.given':
      return { ...round, verdicts: once(round.verdicts, fact, (old) => isSame(old, fact)) };
    case 'verdict.overruled':
      return { ...round, verdicts: round.verdicts.map((old) => (isSame(old, fact) ? { ...old, overruled: true } : old)) };
    default:
      return round;
  }
}

/** @param {Round} round @param {{voice: string, late?: boolean}} fact @returns {Round} */
function joined(round, { voice, late = false }) {
  const newly = late && !round.late.includes(voice) ? [voice] : [];
  return { ...round, players: [...round.players, voice], left: butFor(round.left, voice), late: [...round.late, ...newly], paused_until_ms: 0 };
}

/** @param {string[]} voices @param {string} voice */
function butFor(voices, voice) {
  return voices.filter((one) => one !== voice);
}

/** @param {import('../wire/protocol.js').Verdict} verdict @param {{clip: string, code: string}} fact */
export function isSame(verdict, fact) {
  return verdict.clip === fact.clip && verdict.code === fact.code;
}

/** Add a take to its round. @param {Round} round @param {import('./state.js').Clip & {written?: boolean}} clip @param {string} voice @returns {Round} */
export function land(round, clip, voice) {
  if (clip.round !== round.id) return round;
  const { duration_ms, onset_ms, gap_ms, reaction_ms, caption: text, hidden, written = false } = clip;
  const take = { clip: clip.clip, voice, turn: clip.turn ?? 1, duration_ms, onset_ms, gap_ms, reaction_ms, text, hidden, written };
  return { ...round, takes: once(round.takes, take, (old) => old.clip === take.clip) };
}

/** Change some takes. @param {Round} round @param {string[]} clips @param {Partial<import('../wire/protocol.js').Take>} changes @returns {Round} */
export function withTakes(round, clips, changes) {
  return { ...round, takes: round.takes.map((take) => (clips.includes(take.clip) ? { ...take, ...changes } : take)) };
}

/** Take a forgotten take or topic out, and its words where prompts and verdicts repeat them. @param {Round} round @param {string} id @returns {Round} */
export function drop(round, id) {
  const { prompt, takes, turns, verdicts, challenges, closing } = round;
  return {
    ...round,
    prompt: prompt?.id === id ? { id: '', text: '' } : prompt,
    takes: takes.filter(({ clip }) => clip !== id),
    turns: turns.map((turn) => (repeats(round, id, turn.prompt) ? { ...turn, prompt: '' } : turn)),
    verdicts: verdicts.filter((verdict) => !isAbout(round, id, verdict)),
    challenges: challenges.filter(({ clip }) => clip !== id),
    closing: closing && closingWithout(closing, id),
  };
}

/** The end of a round without a take that was taken back. @param {import('../wire/protocol.js').Closing} closing @param {string} id */
function closingWithout({ takes, replay, winners, line, undecided, ...rest }, id) {
  const others = (/** @type {string[]} */ clips) => clips.filter((clip) => clip !== id);
  return { ...rest, takes: others(takes), replay: others(replay), winners: others(winners), line: line === id ? '' : line, undecided: undecided.filter(({ clip }) => clip !== id) };
}

/** Whether a verdict is on a take, or repeats words of it. @param {Round} round @param {string} id @param {import('../wire/protocol.js').Verdict} verdict */
export function isAbout(round, id, { clip, text }) {
  return clip === id || repeats(round, id, text);
}

/** Whether a text repeats words of a take, or the topic. @param {Round} round @param {string} id @param {string} text */
function repeats({ prompt, takes }, id, text = '') {
  if (prompt?.id === id && prompt.text && text.includes(prompt.text)) return true;
  const words = tokens(text);
  return takes.some((take) => take.clip === id && telling(take).some((word) => words.includes(word)));
}

/** The words of a take that others may take up: its last one, and all that are not small. @param {import('../wire/protocol.js').Take} take */
function telling({ text }) {
  const words = tokens(text ?? '');
  return words.filter((word, at) => at === words.length - 1 || [...word].length > 3);
}

/** The words of a text, as `games/words.py` has them. @param {string} text @returns {string[]} */
function tokens(text) {
  return text.toLowerCase().replaceAll('ß', 'ss').replaceAll('’', "'").match(/[\p{L}\p{N}]+(?:['-][\p{L}\p{N}]+)*/gu) ?? [];
}

/** @typedef {import('./state.js').RoomState} RoomState */

/** Change a round, be it the running one or the last. @param {RoomState} state @param {string} id @param {(round: Round) => Round} change @returns {RoomState} */
export function inRound(state, id, change) {
  const { round, last_round } = state;
  if (round?.id === id) return { ...state, round: change(round) };
  return last_round?.id === id ? { ...state, last_round: change(last_round) } : state;
}

/** Change both. @param {RoomState} state @param {(round: Round) => Round} change @returns {RoomState} */
export function inRounds(state, change) {
  return { ...state, round: state.round && change(state.round), last_round: state.last_round && change(state.last_round) };
}

/**
 * Whether a voice may speak in a turn: some are for one voice or a few, or for all but one, and some
 * are for ears or votes alone.
 * @param {import('../wire/protocol.js').Turn} turn
 * @param {string} voice
 */
export function isFor(turn, voice) {
  if (turn.act === 'vote' || turn.act === 'listen' || turn.besides === voice) return false;
  if (turn.voice !== null && turn.voice !== voice) return false;
  return !turn.voices?.length || turn.voices.includes(voice);
}

/** The older clips that are heard after a round: none before whoever asked for them has spoken. @param {Round} round @returns {string[]} */
export function companyOf({ company = [], takes, starter }) {
  return takes.some(({ voice }) => !starter || voice === starter) ? company : [];
}

/** The older clips of which nothing is told yet: whoever asked for them is to speak first. @param {Round|null} round @returns {string[]} */
export function sparedOf(round) {
  return round?.company?.length && !round.duet && !companyOf(round).length ? round.company : [];
}

/**
 * Whether a microphone may open by itself for a voice; into some games nobody is drawn who has not joined or spoken.
 * @param {Round} round @param {string} voice @param {import('../wire/protocol.js').Room|null} room
 */
export function isDrawnIn({ game, players, takes }, voice, room) {
  return !room?.opt_in?.includes(game) || players.includes(voice) || takes.some((take) => take.voice === voice);
}

/** @template T @param {T[]} list @param {T} item @param {(old: T) => boolean} same @returns {T[]} */
function once(list, item, same) {
  return list.some(same) ? list : [...list, item];
}

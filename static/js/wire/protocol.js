/**
 * What goes over the wire, as types, and the few pure functions that build and sort messages.
 *
 * @typedef {{id: string, name: string, colour: string, machine?: boolean}} Voice
 * @typedef {{id: string, text: string}} Prompt
 * @typedef {{round: string, turn: number, prompt: string, go_at_ms: number, closes_at_ms: number,
 *   voice: string|null, act?: string, voices?: string[], besides?: string|null,
 *   limit_ms?: number, role?: string, min_words?: number, max_words?: number, bell?: boolean,
 *   steps?: string[], hidden?: boolean, one_word?: boolean, next?: string|null, number?: number,
 *   of?: number, clips?: string[]}} Turn
 * @typedef {{round: string, turn: number, voice: string}} Passed
 * @typedef {{round: string, turn: number, voice: string, text: string}} Help
 * @typedef {{clip: string, voice: string, turn: number, duration_ms: number, onset_ms: number,
 *   gap_ms: number, reaction_ms: number|null, text: string|null, written: boolean, hidden: boolean}} Take
 * @typedef {{round: string, clip: string, value: number, voice: string}} Vote
 * @typedef {{round: string, clip: string, code: string, text: string,
 *   tone?: 'fault'|'praise'|'note', overruled?: boolean}} Verdict
 * @typedef {{round: string, clip: string, voice: string}} Challenge
 * @typedef {{voice: string, role: string, text: string}} Secret
 * @typedef {{reason: string, takes: string[], replay: string[], answer: string, coach: string,
 *   ending: string, winners: string[], secrets: Secret[], met: boolean|null, set_place: number,
 *   line: string, next_at_ms: number, at_ms: number, undecided: {clip: string, voice: string}[], stays_open: boolean}} Closing
 * @typedef {{round: string, voice: string, role: string, text: string}} Role
 * @typedef {{id: string, game: string, tempo: string, opened_at_ms: number, prompt: Prompt|null,
 *   players: string[], turns: Turn[], takes: Take[], votes: Vote[], verdicts: Verdict[],
 *   hidden: boolean, scene: string, roles: Role[], left: string[], late: string[], passed: Passed[],
 *   helps: Help[], paused_until_ms: number, challenges: Challenge[], unseen: number, closing: Closing|null,
 *   starter: string, mask: string|null, company: string[], duet: {at_ms: number, machine: boolean}|null, chain: string}} Round
 * @typedef {{id: string, game: string, tempo: string, opened_at_ms: number, prompt: Prompt|null,
 *   players: string[], turn: Turn|null, takes: string[], verdicts: Verdict[], hidden?: boolean,
 *   scene?: string, left?: string[], late?: string[], paused_until_ms?: number, starter?: string, mask: string|null,
 *   company?: string[], duet?: {at_ms: number, machine: boolean}|null, chain?: string}} RoundShown
 * @typedef {{id: string, kind: string, name: string, theme: string, description: string,
 *   language: string, tempo: string, public: boolean, place: string, rules: string, consent: string,
 *   longest_clip_ms: number, keep_ms: number, house: boolean, scored: boolean, shared?: boolean, door?: string,
 *   opt_in?: string[], challenged?: string[], thumbs?: string[], captions?: boolean, head: number, clips: number, listeners: number,
 *   speakers: number, closed: boolean, live?: boolean, keeper?: string|null, locked?: boolean, slow?: boolean, hold?: boolean,
 *   masks?: string[], mask?: string|null, voice?: boolean, noise_reduction?: boolean, character?: string|null,
 *   characters?: {id: string, name: string}[], daily?: {day: string, answered: number}|null, round: RoundShown|null}} Room
 * @typedef {{type: 'event', seq: number, prev: number, at_ms: number, by: Voice|null, kind: string,
 *   data: any}} Event
 * @typedef {{type: 'signal', kind: string, data: any}} Signal
 * @typedef {{type: 'welcome', protocol: number, room: Room, you: Voice, head: number,
 *   server_ms: number, key?: string, anew?: boolean}} Welcome
 * @typedef {{type: 'ack', id: string, seq: number}} Ack
 * @typedef {{type: 'refused', id: string, code: string, message: string,
 *   retry_after_ms?: number}} RefusedMessage
 * @typedef {{type: 'pong', t: number, server_ms: number}} Pong
 * @typedef {Event|Signal|Welcome|Ack|RefusedMessage|Pong} ServerMessage
 * @typedef {{type: string, id: string, [field: string]: unknown}} ClientMessage
 * @typedef {{kind?: 'clip'|'speech'|'sound', url?: string, clip: string, voice?: string, names?: string[], names_at_ms?: number, starts_at_ms: number, duration_ms: number, at_ms?: number, prompt?: string}} Cue
 */

/** Close codes of the contract, by what they mean for a page. */
export const CLOSE = { protocol: 1002, badText: 1007, forbidden: 1008, tooBig: 1009, restarting: 1012, comeBack: 1013 };

/** A command that was refused; `code` is stable, the message can be shown. */
export class Refused extends Error {
  /** @param {string} code @param {string} message @param {number} [retryAfterMs] */
  constructor(code, message, retryAfterMs) {
    super(message);
    this.name = 'Refused';
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Make an id that is unique enough for one client's messages (96 bits; works on plain http too). */
export function freshId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * Return the messages in one frame: one object, or several in an array. Garbage gives none.
 * @param {unknown} frame
 * @returns {ServerMessage[]}
 */
export function messagesIn(frame) {
  if (typeof frame !== 'string') return [];
  try {
    const body = JSON.parse(frame);
    const all = Array.isArray(body) ? body : [body];
    return all.filter((one) => one !== null && typeof one === 'object' && typeof one.type === 'string');
  } catch {
    return [];
  }
}

/** A message as JSON. Half an emoji (what a length limit left of it) is no character and would not be taken. @param {unknown} message */
export function encoded(message) {
  return JSON.stringify(message, (_, value) => (typeof value === 'string' ? value.replace(/\p{Surrogate}/gu, '') : value));
}

/** @param {string} type @param {Record<string, unknown>} fields @param {string} [id] @returns {ClientMessage} */
export function command(type, fields = {}, id = freshId()) {
  return { type, id, ...fields };
}

/** Return a problem+json answer as a Refused. @param {Response} response @returns {Promise<Refused>} */
export async function problemOf(response) {
  const body = await response.json().catch(() => ({}));
  const seconds = Number(response.headers.get('Retry-After'));
  const code = typeof body.code === 'string' ? body.code : `http_${response.status}`;
  const sentence = [body.detail, body.message, body.title].find((text) => typeof text === 'string' && text);
  return new Refused(code, sentence ?? '', seconds > 0 ? seconds * 1000 : undefined);
}

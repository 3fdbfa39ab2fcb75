/**
 * All that the views of a room show, in one value.
 *
 * @typedef {{code: string, values?: Record<string, string>, action?: () => void, until_ms?: number}} Notice
 * @typedef {{preview: string, duration_ms: number, peaks: number[]}} Preview
 * @typedef {'connecting'|'open'|'closed'|'refused'} Connection
 * @typedef {'off'|'connecting'|'radio'|'files'} Hearing
 * @typedef {'off'|'opening'|'ready'|'live'|'sending'} Speaking
 * @typedef {object} Model
 * @property {import('../wire/protocol.js').Room|null} room   as the last welcome had it
 * @property {import('../wire/protocol.js').Voice|null} me
 * @property {import('../room/state.js').RoomState} state
 * @property {import('../room/presence.js').Presence} presence
 * @property {import('../room/pending.js').Sending[]} pending
 * @property {Connection} connection
 * @property {boolean} joined
 * @property {Hearing} hearing
 * @property {boolean} wantsSound
 * @property {string|null} onAir       clip the radio plays now
 * @property {number} onAirMs          how long it is
 * @property {{prompt: string, at_ms: number}|null} asked  what an older clip on air answers, and when
 * @property {string|null} replaying   clip the visitor plays
 * @property {Speaking} speaking
 * @property {boolean} fetching       the talk button was pressed, and what is needed to speak is being fetched
 * @property {'webrtc'|'files'} path   how one's own voice travels
 * @property {import('../audio/microphone.js').MicState} mic
 * @property {boolean} playing         plays along: the microphone opens by itself
 * @property {boolean} auto            the open take was begun by the round
 * @property {string} mask            what one's own voice sounds like, 'none' as it is
 * @property {number} pace             how much longer one's own turns and takes are to be than others'
 * @property {Notice[]} notices
 * @property {import('../room/round.js').Phase} phase  where the round stands, and
 * @property {boolean} mine            whether this visitor may speak in it
 * @property {Preview|null} preview    own take that waits to be heard and kept
 * @property {string|null} undo        own clip that can be taken back at a press
 * @property {string[]} hidden         voices and clips this visitor does not want
 *
 * Each part of a session reads the whole model and writes its own fields alone.
 * @typedef {() => Readonly<Model>} Reader
 * @typedef {(message: import('../wire/protocol.js').ClientMessage, options?: {resend?: boolean, within_ms?: number}) => Promise<number>} Request
 * @typedef {(type: string, fields?: Record<string, unknown>) => Promise<string>} Ask  gives '' when granted, else the code of the refusal
 */
/**
 * @template {keyof Model} F
 * @typedef {(changes: Partial<Pick<Model, F>>) => void} Setter
 */
import { get } from '../lib/preferences.js';
import { NOBODY } from '../room/presence.js';
import { EMPTY } from '../room/state.js';

/** @type {Model} */
export const BLANK = {
  room: null,
  me: null,
  state: EMPTY,
  presence: NOBODY,
  pending: [],
  connection: 'connecting',
  joined: false,
  mask: get('mask'),
  hearing: 'off',
  wantsSound: true,
  onAir: null,
  onAirMs: 0,
  asked: null,
  replaying: null,
  speaking: 'off',
  fetching: false,
  path: 'webrtc',
  mic: 'unasked',
  playing: false,
  auto: false,
  pace: 1,
  notices: [],
  phase: 'idle',
  mine: false,
  preview: null,
  undo: null,
  hidden: [],
};

/** Notices of a page that waits to be let in, or back in. */
export const WAITS = ['reconnecting', 'restarting', 'full', 'misplaced'];

/** Put a notice in; one of the same code gives way. @param {Notice[]} list @param {Notice} notice */
export function noticed(list, notice) {
  return [...list.filter((one) => one.code !== notice.code), notice];
}

/** @param {Notice[]} list @param {...string} codes */
export function unnoticed(list, ...codes) {
  return list.some((one) => codes.includes(one.code)) ? list.filter((one) => !codes.includes(one.code)) : list;
}

/** How much longer the room waits in one's own turns now: for who plays along. @param {Model} model */
export function paceOf({ playing, pace }) {
  return playing ? pace : 1;
}

const DEFAULT_LIMIT_MS = 7_000;

/** How long a take may be, in a turn or out of it; the server ends it by the same rule. @param {Model} model @param {import('../wire/protocol.js').Turn|null} turn */
export function limitOf(model, turn) {
  return (turn?.limit_ms || (model.room?.longest_clip_ms ?? DEFAULT_LIMIT_MS)) * model.pace;
}

/** Whether the talk button is pressed, so that the next press ends it. @param {Model} model */
export function isTalking({ speaking, fetching }) {
  return fetching || speaking === 'opening' || speaking === 'live';
}

export const AGAIN_MS = 60_000; // how often a way that was given up is tried again at most
export const CALM_MS = 2_000; // and how often it is looked whether now is a time for it

/** Whether now is a time to try something that may cost a moment: the page is seen, and nobody speaks. @param {Model} model */
export function isCalm({ presence, speaking }) {
  return !document.hidden && !presence.speaking.size && (speaking === 'off' || speaking === 'ready');
}

/** Whether this microphone was never tried, here or before. @param {Model} model */
export function wantsTrial({ mic }) {
  return mic !== 'open' && mic !== 'closed' && !get('checked');
}

/** Why the visitor cannot press the talk button now; null when they can. @param {Model} model @param {number} server_ms */
export function silencedBy(model, server_ms) {
  if (model.connection !== 'open') return 'talk.offline';
  if (model.state.closed) return 'talk.gone';
  return (model.state.muted.get(model.me?.id ?? '') ?? 0) > server_ms ? 'talk.muted' : null;
}

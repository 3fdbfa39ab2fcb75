/** A stage at one moment, made by hand: who is here, what runs, what was said. */
import { EMPTY } from '../../../static/js/room/state.js';
import { UNPLAYED } from '../../../static/js/room/play.js';
import { statusOf } from '../../../static/js/room/round.js';

export const ANNA = { id: 'anna', name: 'Velvet Teacup', colour: '#aa0000' };
export const BELA = { id: 'bela', name: 'Wobbly Octopus', colour: '#00aa00' };
export const CLEO = { id: 'cleo', name: 'Calm Fern', colour: '#0000aa' };
export const GO_MS = 10_000;
export const WINDOW_MS = 5_000;

/** @param {Record<string, any>} [turn] @param {Record<string, any>} [round] @returns {any} */
export function running(turn = {}, round = {}) {
  const given = { round: 'r', turn: 1, prompt: 'Moss?', go_at_ms: GO_MS, closes_at_ms: GO_MS + WINDOW_MS, voice: null, ...turn };
  return { ...UNPLAYED, id: 'r', game: 'g', tempo: 'snap', opened_at_ms: 1, prompt: { id: 'p', text: 'Moss' }, players: [], turns: [given], ...round };
}

/** @param {string} clip @param {{id: string}} by @param {Record<string, any>} [more] */
export function take(clip, by, more = {}) {
  return { clip, voice: by.id, turn: 1, duration_ms: 900, onset_ms: 100, gap_ms: 0, reaction_ms: null, text: null, hidden: false, written: false, ...more };
}

/** @param {{state?: Record<string, any>, round?: any, me?: any, here?: any[], room?: any, onAir?: string|null, replaying?: string|null, speaking?: string[]}} [seen] @returns {any} */
export function modelOf({ state = {}, round = null, me = ANNA, here = [ANNA, BELA, CLEO], room = { opt_in: [] }, onAir = null, replaying = null, speaking = [] } = {}) {
  const presence = { voices: new Map(here.map((voice) => [voice.id, voice])), speaking: new Set(speaking), listeners: 0, speakers: here.length };
  return { state: { ...EMPTY, round, ...state }, presence, me, room, onAir, replaying };
}

/** @param {any} model @param {number} now_ms */
export function at(model, now_ms) {
  return statusOf(model.state, model.me?.id ?? '', now_ms);
}

/** @param {any} round @param {Record<string, any>} closing @returns {any} */
export function ended(round, closing = {}) {
  return { ...round, closing: { reason: 'done', takes: [], replay: [], answer: '', coach: '', ending: 'plain', winners: [], secrets: [], met: null, set_place: 0, line: '', next_at_ms: 0, at_ms: 20_000, ...closing } };
}

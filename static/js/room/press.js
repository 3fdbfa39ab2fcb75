/**
 * What presses on the talk button mean: hold it and let go, or tap it and tap again.
 * Pure; the time is an argument.
 *
 * @typedef {{down_at_ms: number|null, latched: boolean, on: boolean}} Press
 * @typedef {{press: Press, command: 'start'|'stop'|null}} Step
 */

export const HOLD_MS = 350; // longer than this is a hold: letting go ends the take

/** @type {Press} */
export const UP = { down_at_ms: null, latched: false, on: false };

/** @param {Press} press @param {number} now_ms @returns {Step} */
export function down(press, now_ms) {
  if (press.down_at_ms !== null) return { press, command: null };
  if (press.on) return { press: { ...UP, down_at_ms: now_ms }, command: 'stop' };
  return { press: { down_at_ms: now_ms, latched: false, on: true }, command: 'start' };
}

/** @param {Press} press @param {number} now_ms @returns {Step} */
export function up(press, now_ms) {
  if (press.down_at_ms === null) return { press, command: null };
  const held = now_ms - press.down_at_ms >= HOLD_MS;
  if (press.on && held) return { press: UP, command: 'stop' };
  return { press: { ...press, down_at_ms: null, latched: press.on }, command: null };
}

/** A click that no pointer made: a screen reader, a switch, voice control. @param {Press} press @returns {Step} */
export function click(press) {
  return press.on ? { press: UP, command: 'stop' } : { press: { ...UP, latched: true, on: true }, command: 'start' };
}

/** The take began or ended by itself (a round, the limit, a refusal). @param {Press} press @param {boolean} on @returns {Press} */
export function follow(press, on) {
  return press.on === on ? press : { ...press, on, latched: on };
}

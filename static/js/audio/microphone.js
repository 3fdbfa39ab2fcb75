/**
 * The microphone: asked for once, kept warm, given back. Knows why it cannot be had.
 *
 * @typedef {'unasked'|'asking'|'open'|'closed'|'refused'|'missing'|'busy'|'insecure'} MicState
 */

import { get } from '../lib/preferences.js';

/** What browsers' errors mean. @type {Record<string, MicState>} */
const REASONS = {
  NotAllowedError: 'refused',
  SecurityError: 'refused',
  NotFoundError: 'missing',
  OverconstrainedError: 'missing',
  NotReadableError: 'busy',
  AbortError: 'busy',
};

export const CONSTRAINTS = {
  channelCount: 1,
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
};
/** The sound as it is, for measurements. */
export const RAW = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false };

export class Microphone {
  /** @type {MicState} */ state = 'unasked';
  /** @type {MediaStream|null} */ stream = null;
  /** @type {Promise<MediaStream>|null} */ #opening = null;

  /** @param {{raw?: boolean, changed?: () => void}} [options] */
  constructor({ raw = false, changed = () => {} } = {}) {
    this.constraints = raw ? RAW : CONSTRAINTS;
    this.changed = changed;
    navigator.mediaDevices?.addEventListener('devicechange', () => this.#plugged());
    if (!globalThis.isSecureContext || !navigator.mediaDevices?.getUserMedia) this.state = 'insecure';
  }

  /** What is asked for: the device that was chosen, or whichever the browser has when that is not here. */
  get wanted() {
    const deviceId = get('microphone');
    return deviceId ? { ...this.constraints, deviceId: { ideal: deviceId } } : this.constraints;
  }

  get track() {
    return this.stream?.getAudioTracks()[0] ?? null;
  }

  /** Open it, or return it if it is open; many calls share one question. Throws what the browser throws. */
  async open() {
    const { track } = this;
    if (track?.readyState === 'live' && !track.muted) return /** @type {MediaStream} */ (this.stream);
    this.#opening ??= this.#ask().finally(() => (this.#opening = null));
    return this.#opening;
  }

  close() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
    if (this.state === 'open') this.#become('closed');
  }

  /** Has the visitor allowed it before, so that opening asks nothing? @returns {Promise<boolean>} */
  async isAllowed() {
    if (this.state === 'open' || this.state === 'closed') return true;
    try {
      const status = await navigator.permissions.query({ name: /** @type {PermissionName} */ ('microphone') });
      return status.state === 'granted';
    } catch {
      return false; // not every browser tells
    }
  }

  async #ask() {
    if (this.state === 'insecure') throw new DOMException('insecure', 'SecurityError');
    this.#become('asking');
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: this.wanted });
      this.#keep(stream);
      return stream;
    } catch (why) {
      this.#become(REASONS[/** @type {DOMException} */ (why).name] ?? 'busy');
      throw why;
    }
  }

  /** Something was plugged in or out: what was missing may be there now. */
  #plugged() {
    if (this.state === 'missing' || this.state === 'busy') this.#become('unasked');
  }

  /** @param {MediaStream} stream */
  #keep(stream) {
    for (const track of this.stream?.getTracks() ?? []) track.stop(); // the system had taken its sound away
    this.stream = stream;
    this.track?.addEventListener('ended', () => {
      if (this.stream !== stream) return;
      this.stream = null;
      this.#become('closed');
    });
    this.#become('open');
  }

  /** @param {MicState} state */
  #become(state) {
    this.state = state;
    this.changed();
  }
}

/**
 * All sound of the page comes out of ONE audio element, unlocked by the join tap: Safari keeps new
 * elements silent in the background, and a gesture is needed but once.
 */

import { get, subscribe } from '../lib/preferences.js';

const SILENCE = '/static/sounds/silence.wav';
const DUCKED = 0.12;

export class Player {
  /** @type {MediaStream|null} */ #stream = null;
  /** @type {(() => void)|null} */ #finish = null;
  #isDucked = false;
  #isHushed = false;

  /** `failed` is told of a file that cannot be played. @param {HTMLAudioElement} audio @param {{blocked?: () => void, playing?: () => void, failed?: () => void}} [told] */
  constructor(audio, { blocked = () => {}, playing = () => {}, failed = () => {} } = {}) {
    this.audio = audio;
    this.blocked = blocked;
    this.playing = playing;
    subscribe(() => this.#loud());
    audio.addEventListener('ended', () => this.#done());
    audio.addEventListener('error', () => {
      if (this.#finish) failed();
      this.#done();
    });
  }

  /** Call in the gesture itself: the element may play from now on. */
  unlock() {
    if (this.#stream || this.#finish) return this.#play();
    this.audio.src = SILENCE;
    return this.#play();
  }

  /** Play a live stream whenever no clip plays; null for none. @param {MediaStream|null} stream */
  live(stream) {
    this.#stream = stream;
    if (!this.#finish) this.#resume();
  }

  /** Play one file; resolves with the end of it, or when another sound takes over. @param {string} url @returns {Promise<void>} */
  clip(url) {
    this.#done();
    return new Promise((resolve) => {
      this.#finish = resolve;
      this.audio.srcObject = null;
      this.audio.src = url;
      this.#loud();
      this.#play();
    });
  }

  /** Stop a file that plays; the live stream goes on. */
  stop() {
    this.#done();
  }

  /** Go on after a phone call, or whatever else stopped the sound. */
  wake() {
    if (this.audio.paused && (this.#stream || this.#finish)) this.#play();
  }

  /** How far a file is, 0 to 1. */
  get part() {
    const { currentTime, duration } = this.audio;
    return this.#finish && duration > 0 ? Math.min(1, currentTime / duration) : 0;
  }

  /** Step back while the visitor speaks (iOS ignores this; there the radio is on another path). @param {boolean} on */
  duck(on) {
    this.#isDucked = on;
    this.#loud();
  }

  /** Keep the live stream silent; files that were asked for are heard. @param {boolean} on */
  hush(on) {
    this.#isHushed = on;
    this.#loud();
  }

  #loud() {
    this.audio.volume = get('volume') * (this.#isDucked ? DUCKED : 1);
    this.audio.muted = this.#isHushed && !this.#finish;
  }

  #done() {
    const finish = this.#finish;
    if (!finish) return;
    this.#finish = null;
    this.#loud();
    this.#resume();
    finish();
  }

  #resume() {
    if (this.audio.srcObject === this.#stream && this.#stream) return;
    this.audio.pause();
    this.audio.removeAttribute('src');
    this.audio.srcObject = this.#stream;
    if (this.#stream) this.#play();
  }

  #play() {
    const started = this.audio.play();
    return started?.then(this.playing, (why) => why.name === 'NotAllowedError' && this.blocked());
  }
}

/** What a cue plays, in a form that this browser plays. @param {{clip: string, url?: string}} cue @param {{canPlayType: (type: string) => string}} audio */
export function fileOf({ clip, url = '' }, audio) {
  if (clip) return clipUrl(clip, audio);
  return audio.canPlayType('audio/ogg; codecs="opus"') ? url : url.replace(/ogg$/, 'm4a');
}

/** Which form of a clip this browser plays. @param {string} clip @param {{canPlayType: (type: string) => string}} audio */
export function clipUrl(clip, audio) {
  const ending = audio.canPlayType('audio/ogg; codecs="opus"') ? 'ogg' : 'm4a';
  return `/api/clips/${encodeURIComponent(clip)}.${ending}`;
}

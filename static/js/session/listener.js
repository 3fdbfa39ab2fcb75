/** Hears the room: by its radio over WebRTC, or by clip files on the same cues. Never needs a microphone. */
import { fileOf } from '../audio/player.js';
import { backoff } from '../wire/backoff.js';
import { Unreachable } from '../wire/rtc.js';
import { listen } from '../wire/whep.js';
import { AGAIN_MS, CALM_MS } from './model.js';

const TRIES = 3; // of a radio that worked before, until files take over
const RETRIES_MS = [5_000, 30_000]; // and then every `AGAIN_MS`
const LATE_MS = 8_000; // a cue older than this is let go

/** @typedef {import('./model.js').Hearing} Hearing */
/** @typedef {import('../wire/protocol.js').Cue} Cue */
/** @typedef {import('../wire/rtc.js').Peer} Peer */
/**
 * @typedef {object} ListenerObserver
 * @property {(mode: Hearing) => void} became
 * @property {() => void} fellBack    live sound does not get through
 * @property {() => void} recovered   it does, after all
 */

export class Listener {
  /** @type {Hearing} */ mode = 'off';
  /** @type {Peer|null} */ #peer = null;
  /** @type {(Cue & {until_ms?: number})|null} */ #next = null;
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #retry;
  #isPlaying = false;
  #failures = 0;
  #retries = 0;
  #attempt = 0;

  /**
   * @param {{room: string, files: boolean, player: Pick<import('../audio/player.js').Player, 'live'|'clip'|'stop'|'audio'>,
   *   clock: Pick<import('../room/clock.js').Clock, 'until_ms'>, observer: ListenerObserver, isCalm?: () => boolean, connect?: typeof listen}} parts
   */
  constructor({ room, files, player, clock, observer, isCalm = () => true, connect = listen }) {
    this.room = room;
    this.files = files;
    this.player = player;
    this.clock = clock;
    this.observer = observer;
    this.isCalm = isCalm;
    this.connect = connect;
  }

  /** Begin to listen. */
  on() {
    if (this.mode !== 'off') return;
    if (this.files) return this.#become('files');
    this.#become('connecting');
    return this.#try();
  }

  async #try() {
    const attempt = (this.#attempt += 1);
    clearTimeout(this.#retry);
    /** @type {MediaStream|null} */
    let stream = null;
    try {
      const peer = await this.connect(this.room, (heard) => (stream = heard));
      if (attempt !== this.#attempt) return peer.close();
      this.player.live(stream);
      this.#connected(peer);
    } catch (why) {
      if (attempt === this.#attempt) this.#failed(why);
    }
  }

  off() {
    this.#attempt += 1;
    clearTimeout(this.#retry);
    this.#peer?.close();
    this.#peer = null;
    this.#next = null;
    this.#failures = this.#retries = 0;
    this.player.live(null);
    this.player.stop();
    this.#become('off');
  }

  /** The network may be another: try the radio again, now. */
  reconnect() {
    if (this.mode === 'off' || this.files || this.#peer?.isUp) return;
    this.#retries = 0;
    return this.#try();
  }

  /** Something begins soon; with files it is we who play it, words up to a name that is hidden. @param {Cue & {until_ms?: number}} cue */
  cue(cue) {
    if (this.mode !== 'files') return;
    this.#next = cue;
    if (!this.#isPlaying) this.#play();
  }

  /** What the radio played ends before its time. @param {{clip?: string, url?: string}} cut */
  cut({ clip, url }) {
    if (this.#next && (clip ? this.#next.clip === clip : this.#next.url === url)) this.#next = null;
    if (this.mode === 'files' && this.#isPlaying) this.player.stop();
  }

  async #play() {
    this.#isPlaying = true;
    while (this.#next && this.mode === 'files') {
      const cue = this.#next;
      this.#next = null;
      const wait_ms = this.clock.until_ms(cue.starts_at_ms);
      if (wait_ms < -LATE_MS) continue;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, wait_ms)));
      if (this.mode !== 'files') break;
      const end = cue.until_ms && setTimeout(() => this.player.stop(), cue.until_ms); // it is never further than the time since
      await this.player.clip(fileOf(cue, this.player.audio));
      clearTimeout(end);
    }
    this.#isPlaying = false;
  }

  /** @param {Peer} peer */
  #connected(peer) {
    this.#peer?.close();
    this.#peer = peer;
    this.#failures = this.#retries = 0;
    peer.lost = () => this.#peer === peer && this.#lost();
    if (this.mode === 'files') this.observer.recovered();
    this.#become('radio');
  }

  #lost() {
    this.#peer = null;
    this.#become('connecting');
    this.#try();
  }

  /** @param {unknown} why */
  #failed(why) {
    if (this.#peer?.isUp) return; // the one before has come back
    if (this.mode === 'files') return this.#retryLater();
    const blocked = why instanceof Unreachable;
    this.#failures += 1;
    if (!blocked && this.#failures < TRIES) {
      this.#retry = setTimeout(() => this.#try(), backoff(this.#failures, Math.random()));
      return;
    }
    this.player.live(null);
    this.#become('files');
    if (blocked) this.observer.fellBack();
    this.#retryLater();
  }

  /** Files play; meanwhile try the radio again, for it may only have been slow: twice soon, later when nobody would notice. */
  #retryLater() {
    const after_ms = RETRIES_MS[this.#retries];
    this.#retries += 1;
    this.#retry = setTimeout(() => (after_ms ? this.#try() : this.#tryWhenCalm()), after_ms ?? AGAIN_MS);
  }

  #tryWhenCalm() {
    if (this.isCalm()) this.#try();
    else this.#retry = setTimeout(() => this.#tryWhenCalm(), CALM_MS);
  }

  /** @param {Hearing} mode */
  #become(mode) {
    this.mode = mode;
    this.observer.became(mode);
  }
}

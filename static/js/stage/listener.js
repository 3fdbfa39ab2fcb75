/** Hears the room: by its radio over WebRTC, or by clip files on the same cues. Never needs a microphone. */
import { clipUrl } from '../audio/player.js';
import { backoff } from '../wire/backoff.js';
import { Unreachable } from '../wire/rtc.js';
import { listen } from '../wire/whep.js';

const TRIES = 3; // of a radio that worked before, until files take over
const HOPES_MS = [5_000, 30_000, 120_000];
const LATE_MS = 8_000; // a cue older than this is let go

/** @typedef {import('./model.js').Hearing} Hearing */
/** @typedef {import('../wire/protocol.js').Cue} Cue */
/**
 * @typedef {object} Told
 * @property {(mode: Hearing) => void} became
 * @property {() => void} fellBack    live sound does not get through
 * @property {() => void} recovered   it does, after all
 */

export class Listener {
  /** @type {Hearing} */ mode = 'off';
  /** @type {import('../wire/rtc.js').Peer|null} */ #peer = null;
  /** @type {Cue|null} */ #next = null;
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #retry;
  #isPlaying = false;
  #attempt = 0;
  #hopes = 0;
  #turn = 0;

  /**
   * @param {{room: string, files: boolean, player: import('../audio/player.js').Player,
   *   clock: import('../room/clock.js').Clock, told: Told}} parts
   */
  constructor({ room, files, player, clock, told }) {
    this.room = room;
    this.files = files;
    this.player = player;
    this.clock = clock;
    this.told = told;
  }

  /** Begin to listen. */
  async on() {
    if (this.mode === 'radio' || this.mode === 'connecting') return;
    if (this.files) return this.#become('files');
    this.#become('connecting');
    await this.#try();
  }

  async #try() {
    const turn = (this.#turn += 1);
    /** @type {MediaStream|null} */
    let stream = null;
    try {
      const peer = await listen(this.room, (heard) => (stream = heard));
      if (turn !== this.#turn) return peer.close();
      this.player.live(stream);
      this.#connected(peer);
    } catch (why) {
      if (turn === this.#turn) this.#failed(why);
    }
  }

  off() {
    this.#turn += 1;
    clearTimeout(this.#retry);
    this.#peer?.close();
    this.#peer = null;
    this.#next = null;
    this.player.live(null);
    this.player.stop();
    this.#become('off');
  }

  /** The network may be another: try the radio again. */
  again() {
    if (this.mode === 'off' || this.files || this.#peer?.isUp) return;
    clearTimeout(this.#retry);
    this.#hopes = 0;
    if (this.mode === 'files') this.#try();
    else this.on();
  }

  /** A clip begins soon; with files it is we who play it. @param {Cue} cue */
  cue(cue) {
    if (this.mode !== 'files') return;
    this.#next = cue;
    if (!this.#isPlaying) this.#play();
  }

  async #play() {
    this.#isPlaying = true;
    while (this.#next && this.mode === 'files') {
      const cue = this.#next;
      this.#next = null;
      const wait_ms = this.clock.until_ms(cue.starts_at_ms);
      if (wait_ms < -LATE_MS) continue;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, wait_ms)));
      if (this.mode === 'files') await this.player.clip(clipUrl(cue.clip, this.player.audio));
    }
    this.#isPlaying = false;
  }

  /** @param {import('../wire/rtc.js').Peer} peer */
  #connected(peer) {
    this.#peer = peer;
    this.#attempt = 0;
    this.#hopes = 0;
    peer.lost = () => this.#lost();
    if (this.mode === 'files') this.told.recovered();
    this.#become('radio');
  }

  #lost() {
    this.#peer = null;
    this.mode = 'off';
    this.on();
  }

  /** @param {unknown} why */
  #failed(why) {
    this.#attempt += 1;
    const blocked = why instanceof Unreachable;
    if (this.mode === 'files') return this.#hope();
    if (!blocked && this.#attempt < TRIES) {
      this.mode = 'off';
      this.#retry = setTimeout(() => this.on(), backoff(this.#attempt, Math.random()));
      return;
    }
    this.player.live(null);
    this.#become('files');
    if (blocked) this.told.fellBack();
    this.#hope();
  }

  /** Files play; meanwhile try the radio again a few times, for it may only have been slow. */
  #hope() {
    const after_ms = HOPES_MS[this.#hopes];
    this.#hopes += 1;
    if (after_ms) this.#retry = setTimeout(() => this.#try(), after_ms);
  }

  /** @param {Hearing} mode */
  #become(mode) {
    this.mode = mode;
    this.told.became(mode);
  }
}

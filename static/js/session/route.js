/** How one's voice gets to the room: live by WebRTC, or as a file where that does not get through. */
import { Refused } from '../wire/protocol.js';
import { Unreachable } from '../wire/rtc.js';

/** @typedef {import('./rtc-path.js').RtcPath|import('./file-path.js').FilePath} Path */
/** @typedef {'udp-blocked'|'live-failed'} Reason  why voices go as files: the network's, or anything else (a full server) */
/** Refusals after which nobody knows whether the server did it. */
const UNKNOWN = ['offline', 'no_answer', 'closed'];

export class Route {
  /** @type {Path|null} */ #path = null;
  /** @type {MediaStream|null} */ #stream = null;

  /**
   * @param {{files: boolean, live: (lost: () => void) => Promise<Path>, recorded: () => Promise<Path>,
   *   fellBack: (why: Reason) => void, lost: () => void}} parts `live` and `recorded` make a way, or throw `Refused`
   */
  constructor({ files, live, recorded, fellBack, lost }) {
    this.files = files;
    this.live = live;
    this.recorded = recorded;
    this.fellBack = fellBack;
    this.lost = lost;
  }

  get kind() {
    return this.#path?.kind ?? (this.files ? 'files' : 'webrtc');
  }

  /** By which peer this page speaks, and no other tab of the same voice. */
  get peer() {
    return this.#path?.peer ?? '';
  }

  /** Have a way for this microphone. @param {MediaStream} stream */
  async open(stream) {
    this.#stream = stream;
    const path = (this.#path ??= await (this.files ? this.recorded() : this.live(this.lost)));
    try {
      await path.prepare(stream);
    } catch (why) {
      if (path.kind === 'files') throw why;
      path.close();
      this.files = true;
      this.#path = await this.recorded();
      await this.#path.prepare(stream);
      this.fellBack(why instanceof Unreachable ? 'udp-blocked' : 'live-failed');
    }
  }

  /** Begin a take. @param {string|undefined} round */
  async begin(round) {
    try {
      await this.#begin(round);
    } catch (why) {
      this.#closeIfUnknown(why);
      throw why;
    }
  }

  /** A server that restarted knows our peer no more, before we know that it is lost. @param {string|undefined} round */
  async #begin(round) {
    try {
      await this.#path?.begin(round);
    } catch (why) {
      if (/** @type {Refused} */ (why).code !== 'no_such_peer' || !this.#stream) throw why;
      this.#path?.close();
      await this.open(this.#stream);
      await this.#path?.begin(round);
    }
  }

  /** End the take; resolves when its clip is stored. Throws `Refused` when there is none. @param {number|null} reaction_ms */
  async end(reaction_ms) {
    try {
      await this.#path?.end(reaction_ms);
    } catch (why) {
      this.#closeIfUnknown(why);
      throw why;
    }
  }

  /** A take that may be open at the server ends with its peer: nothing more is heard of this microphone. @param {unknown} why */
  #closeIfUnknown(why) {
    if (why instanceof Refused && UNKNOWN.includes(why.code)) this.#path?.close();
  }

  /** The connection was away: does the server still have our peer? */
  async check() {
    if (await this.#path?.isForgotten()) {
      this.#path?.close();
      this.lost();
    }
  }

  /** Live sound does not get through, as listening found out: do not try it in the middle of a word. */
  expectFiles() {
    if (!this.#path) this.files = true;
  }

  /** Live sound may get through now: let the next take try it. */
  tryLiveAgain() {
    if (this.#path && this.#path.kind !== 'files') return;
    this.#path?.close();
    this.#path = null;
    this.files = false;
  }

  /**
   * Try live sound beside the files, and change over when it gets through. Tells whether it did.
   * @param {() => boolean} isBusy whether a take is open, which goes on as it began
   */
  async tryLiveBeside(isBusy) {
    const [before, stream] = [this.#path, this.#stream];
    if (before?.kind !== 'files' || !stream) return false;
    /** @type {Path|null} */ let live = null;
    try {
      live = await this.live(() => this.#path === live && this.lost()); // one that is only tried ends no take
      await live.prepare(stream);
    } catch {
      live?.close();
      return false;
    }
    if (before !== this.#path || stream !== this.#stream || isBusy()) return live.close(), false;
    this.#path = live;
    this.files = false;
    before.close();
    return true;
  }

  /** Send nothing, and keep the way open. */
  async release() {
    this.#stream = null;
    await this.#path?.release();
  }
}

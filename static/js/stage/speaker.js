/**
 * From the press on the talk button to the clip in the room: opens the microphone and a way for it,
 * cuts takes, and falls back to files by itself when live sound does not get through.
 */
import { Refused } from '../wire/protocol.js';
import { Unreachable } from '../wire/rtc.js';

/** @typedef {import('./model.js').Speaking} Speaking */
/** @typedef {'udp-blocked'|'live-failed'} Reason  why voices go as files: the network's, or anything else (a full server) */
/** @typedef {{turn?: import('../wire/protocol.js').Turn|null, auto?: boolean, limit_ms: number}} Wish */
/**
 * @typedef {object} Told
 * @property {(speaking: Speaking, auto: boolean) => void} became
 * @property {(why: Reason) => void} fellBack  live sound does not get through
 * @property {() => void} readied         it took longer than the press: press again to speak
 * @property {(auto: boolean) => void} landed
 * @property {(why: Refused, auto: boolean) => void} refused
 * @property {() => void} unable          this browser has neither way
 */

const READING_MS = 3_000; // who answers a permission dialog for longer is not in the middle of a word
const REOFFER_MS = 1_000;
const LOOK_MS = 50;
const PATIENCE_MS = 400; // a pause this long after the window ends the take of a round

export class Speaker {
  /** @type {Speaking} */ state = 'off';
  /** @type {import('./rtc-path.js').RtcPath|import('./file-path.js').FilePath|null} */ #path = null;
  /** @type {Promise<void>|null} */ #warming = null;
  /** @type {Wish|null} */ #wish = null;
  #take = 0;
  /** The turn whose "go" was shown last, and when. */
  go = { name: '', shown_ms: 0 };
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #limit;

  /**
   * @param {{room: string, files: boolean, request: import('./rtc-path.js').Request,
   *   microphone: import('../audio/microphone.js').Microphone, meter: import('../audio/meter.js').Meter,
   *   clock: import('../room/clock.js').Clock, told: Told}} parts
   */
  constructor({ room, files, request, microphone, meter, clock, told }) {
    this.room = room;
    this.files = files;
    this.request = request;
    this.microphone = microphone;
    this.meter = meter;
    this.clock = clock;
    this.told = told;
  }

  get path() {
    return this.#path?.kind ?? (this.files ? 'files' : 'webrtc');
  }

  /** By which peer this page speaks, and no other tab of the same voice. */
  get peer() {
    return this.#path?.peer ?? '';
  }

  get isBusy() {
    return this.state !== 'off' && this.state !== 'ready';
  }

  /** Have the microphone and a way for it; many calls share one opening. Throws what the browser throws. */
  warm() {
    this.#warming ??= this.#warm().finally(() => (this.#warming = null));
    return this.#warming;
  }

  /** Begin a take as soon as sound really flows. @param {Wish} wish */
  async begin(wish) {
    if (this.isBusy) return;
    const take = (this.#take += 1);
    const pressed_ms = performance.now();
    this.#wish = wish;
    this.#become('opening');
    try {
      const asks = !(await this.microphone.isAllowed());
      await this.warm();
      if (take !== this.#take || (asks && performance.now() - pressed_ms > READING_MS)) return this.#ready();
      await this.#open(wish, take);
    } catch (why) {
      this.#become(this.microphone.track ? 'ready' : 'off');
      if (why instanceof Refused) this.told.refused(why, Boolean(wish.auto));
    }
  }

  /** End the take, or give up one that has not begun. */
  async end() {
    if (this.state === 'opening') this.#take += 1;
    if (this.state !== 'live') return;
    clearTimeout(this.#limit);
    const auto = Boolean(this.#wish?.auto);
    this.#become('sending');
    try {
      await this.#path?.end(this.#reaction());
      this.told.landed(auto);
    } catch (why) {
      this.told.refused(why instanceof Refused ? why : new Refused('other', ''), auto);
    }
    this.#become('ready');
  }

  /** End a take that its round began: at once when it is quiet, at the next pause in the middle of a word. */
  async endGently() {
    const take = this.#take;
    if (!this.#wish?.auto) return;
    for (let quiet_ms = this.meter.isLoud ? 0 : PATIENCE_MS; quiet_ms < PATIENCE_MS; ) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      quiet_ms = this.meter.isLoud ? 0 : quiet_ms + LOOK_MS;
    }
    if (take === this.#take) await this.end();
  }

  /** The server ended our take by itself (its limit, the peer lost). */
  ended() {
    clearTimeout(this.#limit);
    if (this.state !== 'live') return;
    if (this.path === 'files') this.end(); // it was recorded here, and may still get through
    else this.#become('ready');
  }

  /** Live sound does not get through, as listening found out: do not try it in the middle of a word. */
  expectFiles() {
    if (!this.#path) this.files = true;
  }

  /** Live sound may get through now: let the next take try it. */
  hope() {
    if (this.isBusy || this.#path?.kind !== 'files') return;
    this.#path.close();
    this.#path = null;
    this.files = false;
  }

  /** Give the microphone back and keep the way open (iOS turns playback down while it is in use). */
  async rest() {
    if (this.isBusy) return;
    this.microphone.close();
    this.meter.follow(null);
    await this.#path?.rest();
  }

  close() {
    this.#take += 1;
    clearTimeout(this.#limit);
    this.#path?.close();
    this.#path = null;
    this.microphone.close();
    this.#become('off');
  }

  async #warm() {
    this.meter.prepare().catch(() => {}); // speaking does not wait for it
    if (!this.files) import('./rtc-path.js').catch(() => {}); // on its way while the microphone opens
    const stream = await this.microphone.open();
    this.meter.follow(stream);
    this.#path ??= this.files ? await this.#filePath() : await this.#rtcPath();
    try {
      await this.#path.warm(stream);
    } catch (why) {
      if (this.#path.kind === 'files') throw why;
      await this.#fallBack(stream, why instanceof Unreachable ? 'udp-blocked' : 'live-failed');
    }
    if (this.state === 'off') this.#become('ready');
  }

  /** Live sound does not get through (or is full): from now on as files. @param {MediaStream} stream @param {Reason} why */
  async #fallBack(stream, why) {
    this.#path?.close();
    this.files = true;
    this.#path = await this.#filePath();
    await this.#path.warm(stream);
    this.told.fellBack(why);
  }

  async #filePath() {
    const { FilePath } = await import('./file-path.js');
    if (!FilePath.isSupported) {
      this.told.unable();
      throw new Refused('no_recorder', '');
    }
    return new FilePath(this.room, this.request);
  }

  async #rtcPath() {
    const { RtcPath } = await import('./rtc-path.js').catch(() => {
      throw new Refused('offline', '');
    });
    return new RtcPath(this.room, this.request, () => this.#reoffer());
  }

  /** The peer is gone: its open take is kept by the server when long enough. Offer again. */
  #reoffer() {
    this.ended();
    if (this.microphone.track) setTimeout(() => this.warm().catch(() => {}), REOFFER_MS);
  }

  /** @param {Wish} wish @param {number} take */
  async #open(wish, take) {
    this.meter.arm();
    await this.#start(wish.turn?.round);
    this.#become('live');
    this.#limit = setTimeout(() => this.end(), wish.limit_ms);
    if (take !== this.#take) await this.end(); // let go while it opened: what was said since counts
  }

  /** A server that restarted knows our peer no more, before we know that it is lost. @param {string|undefined} round */
  async #start(round) {
    try {
      await this.#path?.begin(round);
    } catch (why) {
      if (/** @type {Refused} */ (why).code !== 'no_such_peer') throw why;
      this.#path?.close();
      await this.warm();
      await this.#path?.begin(round);
    }
  }

  #ready() {
    this.#become('ready');
    if (!this.#wish?.auto) this.told.readied();
  }

  /** How long after "go" the voice began: our own audio clock against the frame that showed it, else the server's. */
  #reaction() {
    const ago_ms = this.meter.began_ago_ms;
    const turn = this.#wish?.turn;
    if (!turn || ago_ms === null) return null;
    const { name, shown_ms } = this.go;
    const since_ms = name === `${turn.round} ${turn.turn}` ? performance.now() - shown_ms : this.clock.server_ms - turn.go_at_ms;
    return since_ms - ago_ms;
  }

  /** @param {Speaking} state */
  #become(state) {
    this.state = state;
    this.told.became(state, Boolean(this.#wish?.auto));
  }
}

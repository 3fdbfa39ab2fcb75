/**
 * Takes, from the press on the talk button to the clip in the room. There is one at a time; the next
 * one begins when the one before has arrived.
 */
import { Refused } from '../wire/protocol.js';

/** @typedef {import('./model.js').Speaking} Speaking */
/** @typedef {{turn?: import('../wire/protocol.js').Turn|null, auto?: boolean, limit_ms: number}} Plan */
/**
 * @typedef {object} SpeakerObserver
 * @property {(speaking: Speaking, auto: boolean) => void} became
 * @property {() => void} readied         it took longer than the press: press again to speak
 * @property {(auto: boolean) => void} landed
 * @property {(why: Refused, auto: boolean) => void} refused
 */

const READING_MS = 3_000; // who answers a permission dialog for longer is not in the middle of a word
const REOPEN_MS = 1_000;
const LOOK_MS = 50;
const PATIENCE_MS = 400; // a pause this long after the window ends the take of a round

class Take {
  isOver = false;
  isGone = false; // the server ended it by itself
  #end = () => {};
  /** @type {Promise<void>} */ ended = new Promise((resolve) => (this.#end = resolve));

  /** @param {Plan} plan */
  constructor({ turn = null, auto = false, limit_ms }) {
    this.turn = turn;
    this.auto = auto;
    this.limit_ms = limit_ms;
  }

  end() {
    this.isOver = true;
    this.#end();
  }
}

export class Speaker {
  /** @type {Speaking} */ state = 'off';
  /** @type {Promise<void>|null} */ #preparing = null;
  /** @type {Take|null} */ #take = null;
  /** The take before, until it has arrived. @type {Promise<void>} */ #before = Promise.resolve();
  #wants = 0;
  /** The turn whose "go" was shown last, and when. */
  go = { name: '', shown_ms: 0 };

  /**
   * @param {{microphone: import('../audio/microphone.js').Microphone, meter: import('../audio/meter.js').Meter,
   *   route: import('./route.js').Route, clock: import('../room/clock.js').Clock, observer: SpeakerObserver}} parts
   */
  constructor({ microphone, meter, route, clock, observer }) {
    this.microphone = microphone;
    this.meter = meter;
    this.route = route;
    this.clock = clock;
    this.observer = observer;
  }

  get isBusy() {
    return this.state !== 'off' && this.state !== 'ready';
  }

  /** Have the microphone and a way for it; many calls share one opening. Throws what the browser throws. */
  prepare() {
    this.#wants += 1;
    this.#preparing ??= this.#prepare().finally(() => (this.#preparing = null));
    return this.#preparing;
  }

  /** Have the microphone and no way for it: its owner sees how loud it is, and nothing is sent. */
  async listen() {
    this.#wants += 1;
    this.meter.prepare().catch(() => {});
    this.meter.follow(await this.microphone.open());
  }

  /** Begin a take as soon as sound really flows; resolves when all of it is over. @param {Plan} plan */
  begin(plan) {
    if (this.#take && !this.#take.isOver) return this.#before;
    const take = (this.#take = new Take(plan));
    this.#become('opening');
    return (this.#before = this.#run(take, this.#before));
  }

  /** End the take, or give up one that has not begun. */
  end() {
    const take = this.#take;
    if (!take || take.isOver) return;
    take.end();
    if (this.state === 'opening') this.#rested();
  }

  /** End a take that its round began: at once when it is quiet, at the next pause in the middle of a word. */
  async endAtPause() {
    const take = this.#take;
    if (!take?.auto) return;
    for (let quiet_ms = this.meter.isLoud ? 0 : PATIENCE_MS; quiet_ms < PATIENCE_MS && !take.isOver; ) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      quiet_ms = this.meter.isLoud ? 0 : quiet_ms + LOOK_MS;
    }
    if (take === this.#take) this.end();
  }

  /** Whether a take is open in which the voice has begun. */
  get isHeard() {
    return this.state === 'live' && this.meter.began_ago_ms !== null;
  }

  /** The server ended our take by itself (its limit, the peer lost). */
  ended() {
    const take = this.#take;
    if (this.state !== 'live' || !take) return;
    take.isGone = this.route.kind === 'webrtc'; // else it was recorded here, and may still get through
    take.end();
  }

  /** The way is lost, and with it an open take (which the server keeps when it is long enough): open it anew. */
  lost() {
    this.ended();
    if (this.microphone.track) setTimeout(() => this.microphone.track && this.prepare().catch(() => {}), REOPEN_MS);
  }

  /** Give the microphone back and keep the way open (iOS turns playback down while it is in use). */
  async release() {
    const wants = this.#wants;
    await this.#preparing?.catch(() => {}); // or it would be open after all
    if (this.isBusy || wants !== this.#wants) return;
    this.microphone.close();
    this.meter.follow(null);
    await this.route.release();
  }

  async #prepare() {
    this.meter.prepare().catch(() => {}); // speaking does not wait for it
    const stream = await this.microphone.open();
    this.meter.follow(stream);
    await this.route.open(stream);
    if (this.state === 'off') this.#become('ready');
  }

  /** @param {Take} take @param {Promise<void>} before */
  async #run(take, before) {
    try {
      const isReady = await this.#isReady(take, before);
      if (isReady) await this.#record(take);
      else if (!take.auto && take === this.#take) this.observer.readied();
    } catch (why) {
      if (why instanceof Refused) this.observer.refused(why, take.auto);
    }
    take.end();
    if (take === this.#take) this.#rested();
  }

  /** Open the microphone and its way; false when the take was given up meanwhile. @param {Take} take @param {Promise<void>} before */
  async #isReady(take, before) {
    const pressed_ms = this.clock.now();
    const asks = !(await this.microphone.isAllowed());
    await this.prepare();
    const isLate = asks && this.clock.now() - pressed_ms > READING_MS;
    await before;
    return !take.isOver && !isLate;
  }

  /** @param {Take} take */
  async #record(take) {
    this.meter.arm();
    await this.route.begin(take.turn?.round);
    this.#show(take, 'live');
    const stopLimit = this.#limit(take);
    await take.ended; // at once when it was let go while it opened: what was said since counts
    stopLimit();
    if (take.isGone) return;
    this.#show(take, 'sending');
    await this.route.end(this.#reaction(take)).catch((why) => {
      throw why instanceof Refused ? why : new Refused('other', '');
    });
    this.observer.landed(take.auto);
  }

  /**
   * End a take at its limit, which is from its first sound: who is not heard has until the window closes.
   * @param {Take} take @returns {() => void} what forgets about it
   */
  #limit(take) {
    const quiet_ms = take.turn ? Math.max(0, this.clock.until_ms(take.turn.closes_at_ms)) : 0;
    const latest_ms = this.clock.now() + quiet_ms + take.limit_ms;
    /** @type {ReturnType<typeof setTimeout>|undefined} */ let timer;
    const look = () => {
      const now_ms = this.clock.now();
      const ago_ms = this.meter.began_ago_ms;
      const left_ms = (ago_ms === null ? latest_ms : Math.min(latest_ms, now_ms - ago_ms + take.limit_ms)) - now_ms;
      if (left_ms <= 0) take.end();
      else timer = setTimeout(look, ago_ms === null ? Math.min(LOOK_MS, left_ms) : left_ms);
    };
    look();
    return () => clearTimeout(timer);
  }

  /** How long after "go" the voice began: our own audio clock against the frame that showed it, else the server's. @param {Take} take */
  #reaction({ turn }) {
    const ago_ms = this.meter.began_ago_ms;
    if (!turn || ago_ms === null) return null;
    const { name, shown_ms } = this.go;
    const since_ms = name === `${turn.round} ${turn.turn}` ? this.clock.now() - shown_ms : this.clock.server_ms - turn.go_at_ms;
    return since_ms - ago_ms;
  }

  /** Tell how far a take is, unless the next one opens already. @param {Take} take @param {Speaking} state */
  #show(take, state) {
    if (take === this.#take) this.#become(state);
  }

  #rested() {
    this.#become(this.microphone.track ? 'ready' : 'off');
  }

  /** @param {Speaking} state */
  #become(state) {
    this.state = state;
    this.observer.became(state, this.#take?.auto ?? false);
  }
}

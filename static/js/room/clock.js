/** The server's time, from pings: the quickest answers know best (as in NTP). */

const KEPT = 8;
const DRIFT_MS = 50; // what two good clocks may drift apart while samples are kept

export class Clock {
  /** @type {{rtt_ms: number, offset_ms: number}[]} */ #samples = [];
  #rough_ms = 0;

  /** @param {() => number} now a clock that only goes forward, in ms */
  constructor(now) {
    this.now = now;
  }

  /** A first idea, from a welcome (as late as its way took). @param {number} server_ms */
  hint(server_ms) {
    this.#rough_ms = server_ms - this.now();
  }

  /** @param {number} sent_ms by our clock @param {number} server_ms */
  pong(sent_ms, server_ms) {
    const rtt_ms = this.now() - sent_ms;
    if (rtt_ms < 0) return;
    const sample = { rtt_ms, offset_ms: server_ms + rtt_ms / 2 - this.now() };
    // Each answer is right within half its way: two that cannot both be mean that a clock stood still or
    // leapt (this machine slept, the server is another), and what was measured before is worth nothing.
    if (this.#samples.some((old) => Math.abs(old.offset_ms - sample.offset_ms) > (old.rtt_ms + rtt_ms) / 2 + DRIFT_MS)) this.#samples = [];
    this.#samples.push(sample);
    if (this.#samples.length > KEPT) this.#samples.shift();
  }

  get offset_ms() {
    if (this.#samples.length === 0) return this.#rough_ms;
    return this.#samples.reduce((best, one) => (one.rtt_ms < best.rtt_ms ? one : best)).offset_ms;
  }

  /** The server's epoch time, now. */
  get server_ms() {
    return this.now() + this.offset_ms;
  }

  /** How long until a moment of the server. @param {number} at_ms */
  until_ms(at_ms) {
    return at_ms - this.server_ms;
  }
}

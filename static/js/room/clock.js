/** The server's time, from pings: the quickest answers know best (as in NTP). */

const KEPT = 8;

export class Clock {
  /** @type {{rtt_ms: number, offset_ms: number}[]} */ #samples = [];
  #rough_ms = 0;

  /** @param {() => number} now a clock that only goes forward, in ms */
  constructor(now) {
    this.now = now;
  }

  /** A first idea, from a welcome or a clock signal (as late as its way took). @param {number} server_ms */
  hint(server_ms) {
    this.#rough_ms = server_ms - this.now();
  }

  /** @param {number} sent_ms by our clock @param {number} server_ms */
  pong(sent_ms, server_ms) {
    const rtt_ms = this.now() - sent_ms;
    if (rtt_ms < 0) return;
    this.#samples.push({ rtt_ms, offset_ms: server_ms + rtt_ms / 2 - this.now() });
    if (this.#samples.length > KEPT) this.#samples.shift();
  }

  /** Forget what was measured (the machine slept, the server is another). */
  reset() {
    this.#samples = [];
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

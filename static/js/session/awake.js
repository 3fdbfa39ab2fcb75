/** Keeps the screen on while one plays along: a phone that falls asleep takes the microphone with it. */
export class Awake {
  /** @type {WakeLockSentinel|null} */ #lock = null;
  #wanted = false;

  constructor() {
    document.addEventListener('visibilitychange', () => this.#take()); // a hidden page loses its lock
  }

  /** @param {boolean} wanted */
  keep(wanted) {
    this.#wanted = wanted;
    if (wanted) this.#take();
    else this.#release();
  }

  async #take() {
    if (!this.#wanted || document.hidden || (this.#lock && !this.#lock.released)) return;
    try {
      const lock = await navigator.wakeLock.request('screen');
      this.#release(); // of a second request at the same time
      this.#lock = lock;
      if (!this.#wanted) this.#release(); // one stopped meanwhile
    } catch {
      // an old browser, or a battery that runs low: the screen sleeps as it likes
    }
  }

  #release() {
    this.#lock?.release().catch(() => {});
    this.#lock = null;
  }
}

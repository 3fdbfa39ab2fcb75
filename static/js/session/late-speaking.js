/** One's own voice: its parts are fetched when one comes in, and what is asked of it before is done then, in order. */

/** @typedef {ReturnType<typeof import('./speaking.js').openSpeaking>} Speaking */

export class LateSpeaking {
  /** What there is of it already. @type {Speaking|null} */ here = null;
  /** @type {Promise<Speaking>|null} */ #coming = null;

  /** @param {() => Promise<Speaking>} fetched @param {() => void} failed it could not be fetched */
  constructor(fetched, failed) {
    this.fetched = fetched;
    this.failed = failed;
  }

  /** @returns {Promise<Speaking>} */
  need() {
    this.#coming ??= this.fetched().then(
      (speaking) => (this.here = speaking),
      (why) => {
        this.#coming = null; // the next one who needs it tries again
        throw why;
      },
    );
    return this.#coming;
  }

  /** @param {(speaking: Speaking) => unknown} act */
  async ask(act) {
    const speaking = this.here ?? (await this.need().catch(() => null));
    if (speaking) await act(speaking);
    else this.failed();
  }
}

/** Timers by a clock that the test moves. (Those of Node.js 20 lose their order when some are cleared.) */

export class FakeTimers {
  now_ms = 0;
  #next = 1;
  /** @type {Map<number, {due_ms: number, act: () => void, every_ms: number}>} */ #timers = new Map();

  /** Put these in the place of the real ones. */
  install() {
    const clear = (/** @type {number} */ id) => void this.#timers.delete(id);
    Object.assign(globalThis, {
      setTimeout: (/** @type {() => void} */ act, ms = 0) => this.#add(act, ms, 0),
      setInterval: (/** @type {() => void} */ act, ms = 0) => this.#add(act, ms, Math.max(1, ms)),
      clearTimeout: clear,
      clearInterval: clear,
    });
    return this;
  }

  /** How many are set. */
  get size() {
    return this.#timers.size;
  }

  /** Let time go by, up to the next timer or a moment. Tells whether a timer went off. @param {number} until_ms */
  step(until_ms) {
    const due = [...this.#timers].filter(([, { due_ms }]) => due_ms <= until_ms);
    const [first] = due.sort(([a, x], [b, y]) => x.due_ms - y.due_ms || a - b);
    this.now_ms = first ? Math.max(this.now_ms, first[1].due_ms) : until_ms;
    if (!first) return false;
    const [id, timer] = first;
    if (timer.every_ms) timer.due_ms += timer.every_ms;
    else this.#timers.delete(id);
    timer.act();
    return true;
  }

  /** Let all that is due in a while happen. @param {number} ms */
  run(ms) {
    const until_ms = this.now_ms + ms;
    while (this.step(until_ms));
  }

  /** @param {() => void} act @param {number} ms @param {number} every_ms */
  #add(act, ms, every_ms) {
    const id = this.#next++;
    this.#timers.set(id, { due_ms: this.now_ms + Math.max(0, ms), act, every_ms });
    return id;
  }
}

/** One model, many watchers; they are told once a frame at most. */

/** @template {object} M */
export class Store {
  /** @type {Set<(model: M) => void>} */ #watchers = new Set();
  #due = false;

  /** @param {M} model */
  constructor(model) {
    this.model = model;
  }

  /** @param {Partial<M>} changes */
  set(changes) {
    this.model = { ...this.model, ...changes };
    if (this.#due) return;
    this.#due = true;
    // Hidden pages get no frames, yet their titles and live regions should be right when seen again.
    if (document.hidden) setTimeout(() => this.#tell());
    else requestAnimationFrame(() => this.#tell());
  }

  /** @param {(model: M) => void} watcher */
  watch(watcher) {
    this.#watchers.add(watcher);
    watcher(this.model);
    return () => this.#watchers.delete(watcher);
  }

  #tell() {
    this.#due = false;
    for (const watcher of this.#watchers) watcher(this.model);
  }
}

/** Voices and clips that this visitor does not want, as long as this browser remembers. */
import { remember } from '../lib/storage.js';

const HIDDEN = 500; // of a room

export class Hidden {
  /** @param {string} room @param {import('./model.js').Reader} read @param {import('./model.js').Setter<'hidden'>} set */
  constructor(room, read, set) {
    this.room = room;
    this.read = read;
    this.set = set;
  }

  /** @param {string} id of a voice or a clip */
  add(id) {
    this.#become([...new Set([...this.read().hidden, id])].slice(-HIDDEN));
  }

  clear() {
    this.#become([]);
  }

  /** @param {string} clip */
  has(clip) {
    const { hidden, state } = this.read();
    return hidden.includes(clip) || hidden.includes(state.clips.get(clip)?.by?.id ?? '');
  }

  /** @param {string[]} hidden */
  #become(hidden) {
    this.set({ hidden });
    remember(`hidden.${this.room}`, hidden);
  }
}

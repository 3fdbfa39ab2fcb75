/** Voices, clips and lines that this visitor does not want, as long as this browser remembers. */
import { recall, remember } from '../lib/storage.js';

const HIDDEN = 500; // of a room

/** How a line is known among what is hidden. @param {number} seq */
export function lineId(seq) {
  return `seq ${seq}`;
}

export class Hidden {
  /** @param {string} room @param {import('./model.js').Reader} read @param {import('./model.js').Setter<'hidden'>} set */
  constructor(room, read, set) {
    this.room = room;
    this.read = read;
    this.set = set;
  }

  /** @param {string} id of a voice or a clip, or a line's @param {string} [name] by which it can be found again */
  add(id, name = '') {
    const names = Object.entries({ ...this.names, ...(name && { [id]: name }) });
    remember(`hidden-names.${this.room}`, Object.fromEntries(names.slice(-HIDDEN)));
    this.#become([...new Set([...this.read().hidden, id])].slice(-HIDDEN));
  }

  /** @param {string} id */
  remove(id) {
    this.#become(this.read().hidden.filter((one) => one !== id));
  }

  clear() {
    this.#become([]);
  }

  /** What hidden voices were called. @returns {Record<string, string>} */
  get names() {
    const found = recall(`hidden-names.${this.room}`, {});
    return found !== null && typeof found === 'object' ? found : {};
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

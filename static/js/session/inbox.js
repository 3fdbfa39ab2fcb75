/** What comes from the room goes into the model: welcomes, events, signals of who is here. */
import { foldPresence, NOBODY } from '../room/presence.js';
import { bounded, EMPTY, foldAll, seeded } from '../room/state.js';

export class Inbox {
  /** @param {import('./model.js').Reader} read @param {import('./model.js').Setter<'room'|'me'|'state'|'presence'>} set */
  constructor(read, set) {
    this.read = read;
    this.set = set;
  }

  /** @param {import('../wire/protocol.js').Welcome} welcome */
  welcome({ room, you }) {
    const { state } = this.read();
    this.set({ room, me: you, state: state.head === 0 ? seeded(room) : state, presence: NOBODY });
  }

  /** @param {import('../wire/protocol.js').Event[]} events */
  events(events) {
    this.set({ state: bounded(foldAll(this.read().state, events)) });
  }

  /** @param {string} kind @param {any} data */
  signal(kind, data) {
    this.set({ presence: foldPresence(this.read().presence, kind, data) });
  }

  /** The log begins anew. */
  reset() {
    this.set({ state: EMPTY });
  }
}

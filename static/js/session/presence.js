/** How this page is in the room: come in or not, playing along or not, with how much time. Tells the room whenever it changes. */
import { recall, remember } from '../lib/storage.js';
import { command } from '../wire/protocol.js';

export class OwnPresence {
  /**
   * @param {string} room @param {import('./model.js').Reader} read @param {import('./model.js').Setter<'joined'|'pace'>} set
   * @param {import('./model.js').Request} request
   */
  constructor(room, read, set, request) {
    this.room = room;
    this.read = read;
    this.set = set;
    this.request = request;
  }

  join() {
    this.set({ joined: true });
    if (this.read().room?.consent) remember(`consent.${this.room}`, true);
  }

  /** Take so much more time than others; nobody else is told. @param {number} pace */
  setPace(pace) {
    remember('pace', pace);
    this.set({ pace });
    this.send();
  }

  send() {
    const { joined, hearing, playing, pace } = this.read();
    if (!joined) return;
    const listening = hearing === 'radio' || hearing === 'files' ? hearing : 'off';
    const consented = recall(`consent.${this.room}`, false);
    this.request(command('here', { speaker: playing, listening, pace, consented })).catch(() => {});
  }
}

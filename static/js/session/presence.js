/** How this page is in the room: come in or not, playing along or not, with how much time. Tells the room whenever it changes. */
import { get, set as prefer } from '../lib/preferences.js';
import { recall, remember } from '../lib/storage.js';
import { reads } from '../room/presence.js';
import { command } from '../wire/protocol.js';

export class OwnPresence {
  #hasMicrophone = false;
  #waits = false;
  /** What is asked of the room just before one plays along, once; what that returns is done when one does. @type {(() => Promise<(() => unknown)|undefined>)|null} */ before = null;

  /**
   * @param {string} room @param {import('./model.js').Reader} read @param {import('./model.js').Setter<'joined'|'pace'|'mask'>} set
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

  /** Sound like this from the next take on, here and in all rooms. @param {string} mask */
  wear(mask) {
    prefer('mask', mask);
    this.set({ mask });
    this.send();
  }

  send() {
    const { joined, hearing, playing, pace, mic } = this.read();
    if (!joined) return;
    if (mic === 'open') this.#hasMicrophone = true; // a phone gives it back between takes, and has it again unasked
    else if (mic !== 'asking' && mic !== 'closed') this.#hasMicrophone = false;
    const listening = hearing === 'radio' || hearing === 'files' ? hearing : 'off';
    const consented = recall(`consent.${this.room}`, false);
    const plays = playing && this.#hasMicrophone;
    if (plays && this.before) this.#ask(this.before);
    return this.request(command('here', { speaker: plays && !this.#waits, listening, pace, consented, mask: get('mask'), voice: get('spoken'), captions: reads(listening, get('captions')) })).catch(() => {});
  }

  /** @param {NonNullable<OwnPresence['before']>} before */
  async #ask(before) {
    this.before = null;
    this.#waits = true;
    const after = await before().catch(() => undefined); // offline: one plays as ever
    this.#waits = false;
    await this.send();
    after?.();
  }
}

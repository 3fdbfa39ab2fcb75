/** How this page is in the room: come in or not, playing along or not, with how much time. Tells the room whenever it changes. */
import { get, set as prefer } from '../lib/preferences.js';
import { recall, remember } from '../lib/storage.js';
import { command } from '../wire/protocol.js';

const EARS_MS = 1_500; // a room that speaks waits so long for one's ears: its first words are for them

export class OwnPresence {
  #hasMicrophone = false;
  #waits = false;
  /** How one comes to hear, once: not yet asked, waited for, or known. @type {'new'|'waits'|'known'} */ #ears = 'new';
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
    const plays = playing && this.#hasMicrophone && !this.#isDeaf(); // asked last: it is asked once
    if (plays && this.before) this.#ask(this.before);
    return this.request(command('here', { speaker: plays && !this.#waits, listening, pace, consented, mask: get('mask'), voice: get('spoken') })).catch(() => {});
  }

  /** Whether the room speaks and one cannot hear it yet. Only while one comes in: nobody drops out of a round for it. */
  #isDeaf() {
    const { room, hearing } = this.read();
    const isDeaf = this.#ears !== 'known' && hearing === 'connecting' && Boolean(room?.voice) && get('spoken');
    if (isDeaf && this.#ears === 'new') setTimeout(() => ((this.#ears = 'known'), this.send()), EARS_MS);
    this.#ears = isDeaf ? 'waits' : 'known';
    return isDeaf;
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

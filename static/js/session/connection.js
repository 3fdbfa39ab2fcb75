/** The state of the connection: told when it is lost for longer than a moment, and why the server lets nobody in. */
import { CLOSE, problemOf } from '../wire/protocol.js';
import { WAITS } from './model.js';

const GRACE_MS = 1_200; // a connection back sooner than this is not worth a word
const ASKS_AT = 2; // attempts without a welcome: is there such a room, and is there a place in it? And each 4 after it.
/** @type {Record<string, string>} */
const ASKED = { busy: 'full', too_fast: 'full', draining: 'restarting', restarting: 'restarting', wrong_origin: 'misplaced' };
const CODES = { [CLOSE.restarting]: 'restarting', [CLOSE.comeBack]: 'full' };

export class Connection {
  #wasLost = false;
  #failures = 0;
  #why = { code: 'reconnecting', values: {} };
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #worry;

  /**
   * @param {{read: import('./model.js').Reader, set: import('./model.js').Setter<'connection'>, notices: import('./notices.js').Notices,
   *   ask: () => Promise<Response|null>, close: () => void}} parts `ask` what the server says at the socket's address
   */
  constructor({ read, set, notices, ask, close }) {
    this.read = read;
    this.set = set;
    this.notices = notices;
    this.ask = ask;
    this.close = close;
  }

  /** It stands; true when it had been lost for so long that the visitor was told. */
  opened() {
    this.set({ connection: 'open' });
    clearTimeout(this.#worry);
    this.#failures = 0;
    this.#why = { code: 'reconnecting', values: {} };
    this.notices.clear(...WAITS);
    const wasLost = this.#wasLost;
    if (wasLost) this.notices.pass({ code: 'back' });
    this.#wasLost = false;
    return wasLost;
  }

  refused() {
    this.set({ connection: 'refused' });
    this.notices.tell({ code: 'forbidden' });
  }

  /** @param {number} code of the socket's closing */
  lost(code) {
    this.set({ connection: 'closed' });
    this.#failures += 1;
    if (this.#failures % 4 === ASKS_AT) this.#ask();
    clearTimeout(this.#worry);
    this.#worry = setTimeout(() => this.#tell(CODES[code] ? { code: CODES[code] } : this.#why), this.#wasLost || this.#failures > 1 ? 0 : GRACE_MS);
  }

  /** @param {import('./model.js').Notice} notice */
  #tell(notice) {
    this.#wasLost = true;
    this.notices.clear(...WAITS, 'back');
    this.notices.tell(notice);
  }

  /** A socket does not tell why it was not let in; its address does, when asked in a way that names this page. */
  async #ask() {
    const response = await this.ask().catch(() => null);
    if (!response || response.ok || this.read().connection === 'open') return;
    clearTimeout(this.#worry);
    if (response.status === 404) {
      this.close();
      this.set({ connection: 'refused' });
      return this.notices.tell({ code: 'gone' });
    }
    const { code, message } = await problemOf(response);
    if (this.read().connection === 'open') return;
    this.#why = { code: ASKED[code] ?? 'reconnecting', values: { why: message } };
    this.#tell(this.#why);
  }
}

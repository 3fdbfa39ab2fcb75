/** One's own lines: shown at once, confirmed by their events, sent again until it is known what came of them. */
import { arrived, refused, restarted, sent, stored } from '../room/pending.js';
import { command } from '../wire/protocol.js';

const UNTIL_ANSWERED_MS = 2 ** 31 - 1; // the longest timer there is

export class Lines {
  /**
   * @param {import('./model.js').Reader} read @param {import('./model.js').Setter<'pending'>} set
   * @param {import('./model.js').Request} request
   */
  constructor(read, set, request) {
    this.read = read;
    this.set = set;
    this.request = request;
  }

  /** @param {string} text */
  async say(text) {
    const message = command('say', { text });
    this.#become((list, head) => sent(list, message.id, text, head));
    try {
      const seq = await this.request(message, { resend: true, within_ms: UNTIL_ANSWERED_MS });
      this.#become((list, head) => stored(list, message.id, seq, head));
    } catch (why) {
      const { code, message: words } = /** @type {import('../wire/protocol.js').Refused} */ (why);
      this.#become((list) => refused(list, message.id, code || words));
    }
  }

  /** Events are here. */
  settle() {
    this.#become(arrived);
  }

  /** The log begins anew. */
  restart() {
    this.#become(restarted);
  }

  /** @param {(list: import('../room/pending.js').Sending[], head: number) => import('../room/pending.js').Sending[]} change */
  #become(change) {
    const { pending: list, state } = this.read();
    const pending = change(list, state.head);
    if (pending !== list) this.set({ pending });
  }
}

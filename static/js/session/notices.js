/** What the visitor should know right now. */
import { hasRefusal } from '../lib/text.js';
import { noticed, unnoticed } from './model.js';

/** @typedef {import('./model.js').Notice} Notice */

const PASSING_MS = 7_000; // how long a passing notice stays

export class Notices {
  /** @param {import('./model.js').Reader} read @param {import('./model.js').Setter<'notices'>} set */
  constructor(read, set) {
    this.read = read;
    this.set = set;
  }

  /** @param {Notice} notice */
  tell(notice) {
    this.set({ notices: noticed(this.read().notices, notice) });
  }

  /** Tell for a while. @param {Notice} notice */
  pass(notice) {
    this.tell(notice);
    setTimeout(() => this.read().notices.includes(notice) && this.clear(notice.code), PASSING_MS);
  }

  /** @param {...string} codes */
  clear(...codes) {
    const notices = unnoticed(this.read().notices, ...codes);
    if (notices !== this.read().notices) this.set({ notices });
  }

  /** Say why something was not done. @param {unknown} why a `Refused`; all else is told where it happens */
  complain(why) {
    const { name, code = '', message } = /** @type {import('../wire/protocol.js').Refused} */ (why);
    if (name !== 'Refused' || code === 'closed') return;
    const tell = () => this.pass({ code: 'refused', values: { code, message } });
    if (hasRefusal(code)) return tell();
    import('../lib/words-refused.js').then(tell, tell); // offline: it is said in general
  }
}

/** What became of what this visitor reported, and what was decided about theirs: each is told once. */
import { recall, remember } from '../lib/storage.js';
import { t } from '../lib/text.js';
import { lineId } from './hidden.js';

/** @typedef {import('../wire/protocol.js').Event} RoomEvent */

export class Outcomes {
  /** @param {string} room @param {import('./model.js').Reader} read @param {Pick<import('./notices.js').Notices, 'tell'>} notices @param {(clip: string) => unknown} forget takes one's own clip back */
  constructor(room, read, notices, forget) {
    this.forget = forget;
    this.key = `outcome.${room}`;
    this.read = read;
    this.notices = notices;
  }

  /** Call it before these are folded: what they remove must be known still. @param {RoomEvent[]} events */
  events(events) {
    for (const event of events) {
      const code = this.#codeOf(event);
      if (!code || event.seq <= recall(this.key, 0)) continue;
      remember(this.key, event.seq);
      if (code.startsWith('own-') && code !== 'own-removed') this.#tellLater(code, event.data);
      else this.notices.tell({ code });
    }
  }

  /** What this visitor said sounds as if they may need help: they alone are told where it is. */
  care() {
    return this.#tellLater('care', {});
  }

  /** The words of this are seldom needed, and fetched first. @param {string} code @param {{clip?: string, filter?: string}} data */
  async #tellLater(code, { clip = '', filter = '' }) {
    await import('../lib/words-held.js');
    this.notices.tell({ code, values: { what: filter && t(`held.${filter}`) }, ...(code === 'own-held' && { action: () => this.forget(clip) }) });
  }

  /** @param {RoomEvent} event */
  #codeOf({ kind, data }) {
    const isRestored = kind === 'clip.restored' || kind === 'text.restored';
    const isRemoved = (kind === 'clip.removed' || kind === 'text.removed') && data.reason === 'moderated';
    const ofFilter = { 'clip.held': 'own-held', 'clip.passed': 'own-passed' }[kind] ?? '';
    if (!isRestored && !isRemoved && !ofFilter) return '';
    const { hidden, state, me } = this.read();
    const by = data.clip ? state.clips.get(data.clip)?.by : state.texts.get(data.target)?.by;
    if (ofFilter) return me && by?.id === me.id ? ofFilter : '';
    if (isRemoved && me && by?.id === me.id) return 'own-removed';
    if (!hidden.includes(data.clip ?? lineId(data.target))) return '';
    return isRemoved ? 'report-removed' : 'report-kept';
  }
}

/** What became of what this visitor reported, and of what somebody removed of theirs: each is told once. */
import { recall, remember } from '../lib/storage.js';
import { lineId } from './hidden.js';

/** @typedef {import('../wire/protocol.js').Event} RoomEvent */

export class Outcomes {
  /** @param {string} room @param {import('./model.js').Reader} read @param {Pick<import('./notices.js').Notices, 'tell'>} notices */
  constructor(room, read, notices) {
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
      this.notices.tell({ code });
    }
  }

  /** @param {RoomEvent} event */
  #codeOf({ kind, data }) {
    const isRestored = kind === 'clip.restored' || kind === 'text.restored';
    const isRemoved = (kind === 'clip.removed' || kind === 'text.removed') && data.reason === 'moderated';
    if (!isRestored && !isRemoved) return '';
    const { hidden, state, me } = this.read();
    const by = data.clip ? state.clips.get(data.clip)?.by : state.texts.get(data.target)?.by;
    if (isRemoved && me && by?.id === me.id) return 'own-removed';
    if (!hidden.includes(data.clip ?? lineId(data.target))) return '';
    return isRemoved ? 'report-removed' : 'report-kept';
  }
}

/** One's own newest takes: one that can be taken back at a press, one that waits to be heard and kept. */

const PREVIEW_MS = 60_000; // as long as the server keeps it
const UNDO_MS = 5_000;
const FRESH_MS = 10_000; // a clip that is older was told of after a pause
const DIARY_KINDS = new Set(['clip.landed', 'clip.captioned', 'reaction.given']);
/** What a refusal says of a preview that the server has no more. */
const GONE = 'no_such_preview';

export class OwnClips {
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #undo;
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #preview;
  /** The preview that is decided about. @type {string|null} */ #decided = null;

  /**
   * @param {import('./model.js').Reader} read @param {import('./model.js').Setter<'undo'|'preview'>} set
   * @param {import('./model.js').Ask} ask
   */
  constructor(read, set, ask) {
    this.read = read;
    this.set = set;
    this.ask = ask;
  }

  /** Perhaps of one's own. What is measured is for its speaker, stays in this browser, and never comes from healing rooms. @param {import('../wire/protocol.js').Event} event @param {number} server_ms */
  heard(event, server_ms) {
    const { kind, by, data } = event;
    const { state, room, me } = this.read();
    if (kind === 'clip.landed' && by && by.id === me?.id) this.#landed(event, server_ms);
    const isOwn = me && state.clips.get(data.clip ?? data.target)?.by?.id === me.id;
    const { game = '' } = state.round ?? state.last_round ?? {};
    if (isOwn && DIARY_KINDS.has(kind) && room?.scored) import('./diary.js').then(({ note }) => note(event, me.id, game), () => {}); // offline: it is noted when the log is heard again
  }

  /** Offer to take a clip back, for a while. @param {import('../wire/protocol.js').Event} event @param {number} server_ms */
  #landed({ data, at_ms }, server_ms) {
    if (server_ms - at_ms >= FRESH_MS) return;
    clearTimeout(this.#undo);
    this.set({ undo: data.clip });
    this.#undo = setTimeout(() => this.set({ undo: null }), UNDO_MS);
  }

  /** A take waits for its speaker. @param {import('./model.js').Preview} preview */
  offerPreview(preview) {
    clearTimeout(this.#preview);
    this.set({ preview });
    this.#preview = setTimeout(() => this.set({ preview: null }), PREVIEW_MS);
  }

  /** Keep or drop, once: a second press, before the card is gone, would be told that the take is. @param {'keep'|'drop'} command @param {string} preview */
  async decide(command, preview) {
    if (this.#decided === preview) return;
    this.#decided = preview;
    const refused = await this.ask(command, { preview });
    if (!refused || refused === GONE) this.endPreview(preview);
    else this.#decided = null;
  }

  /** A preview waits no more. @param {string} [preview] its clip has the same id */
  endPreview(preview) {
    if (this.read().preview?.preview === preview) this.set({ preview: null });
  }

  /** @param {string} clip */
  forget(clip) {
    if (this.read().undo === clip) this.set({ undo: null });
    return this.ask('forget', { clip });
  }
}

/** In healing rooms nobody hears a voice before its speaker has heard it, and wants it heard. */
import { announce } from '../lib/announce.js';
import { h, icon } from '../lib/dom.js';
import { seconds } from '../lib/format.js';
import { t } from '../lib/text.js';
import { wave } from '../lib/wave.js';

const WAITS_MS = 60_000; // the server keeps it for as long

export class PreviewCard {
  /** @type {string|null} */ #shown = null;
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #timer;

  /** @param {import('../stage/session.js').Session} session */
  constructor(session) {
    this.session = session;
    this.element = h('div', { class: 'preview', id: 'preview', role: 'group', 'aria-label': t('preview.title'), hidden: true });
  }

  /** @param {import('../stage/model.js').Model} model */
  update({ preview }) {
    const id = preview?.preview ?? null;
    if (id === this.#shown) return;
    this.#shown = id;
    clearTimeout(this.#timer);
    this.element.hidden = !preview;
    this.element.replaceChildren();
    if (!preview) return;
    this.#timer = setTimeout(() => this.session.set({ preview: null }), WAITS_MS);
    this.element.append(...this.#parts(preview));
    announce(t('preview.title'));
  }

  /** @param {import('../stage/model.js').Preview} preview */
  #parts({ preview, duration_ms, peaks }) {
    const { session } = this;
    const listen = () => session.player.clip(`/api/previews/${encodeURIComponent(preview)}.ogg`);
    const end = async (/** @type {string} */ wish) => {
      session.player.stop();
      if (await session.wish(wish, { preview })) session.set({ preview: null });
    };
    return [h('p', {}, t('preview.title'), ' ', h('small', {}, `${seconds(duration_ms)} s`)), wave(peaks), h('div', { class: 'sheet-row' },
      button('preview-listen', 'play', listen), button('preview-keep', 'keep', () => end('keep')), button('preview-drop', 'close', () => end('drop')))];
  }
}

/** @param {string} id @param {string} picture @param {() => void} press */
function button(id, picture, press) {
  return h('button', { type: 'button', class: 'quiet', id, onclick: press }, icon(picture), t(id.replace('-', '.')));
}

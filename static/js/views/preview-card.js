/** In healing rooms nobody hears a voice before its speaker has heard it, and wants it heard. */
import { announce } from '../lib/announce.js';
import { h, icon } from '../lib/dom.js';
import { seconds } from '../lib/format.js';
import { t } from '../lib/text.js';
import { wave } from '../lib/wave.js';
import { own } from '../wire/key.js';

export class PreviewCard {
  /** @type {string|null} */ #shown = null;

  /** @param {import('../session/session.js').Session} session */
  constructor(session) {
    this.session = session;
    this.element = h('div', { class: 'preview', id: 'preview', role: 'group', 'aria-label': t('preview.title'), hidden: true });
  }

  /** @param {import('../session/model.js').Model} model */
  update({ preview }) {
    const id = preview?.preview ?? null;
    if (id === this.#shown) return;
    this.#shown = id;
    this.element.hidden = !preview;
    this.element.replaceChildren();
    if (!preview) return;
    this.element.append(...this.#parts(preview));
    announce(t('preview.title'));
  }

  /** @param {import('../session/model.js').Preview} preview */
  #parts({ preview, duration_ms, peaks }) {
    const { session } = this;
    const listen = async () => session.player.clip(await own(`/api/previews/${encodeURIComponent(preview)}.ogg`));
    const end = (/** @type {'keep'|'drop'} */ command) => {
      session.player.stop();
      return session.clips.decide(command, preview);
    };
    return [h('p', {}, t('preview.title'), ' ', h('small', {}, `${seconds(duration_ms)}\u00a0s`)), wave(peaks), h('div', { class: 'sheet-row' },
      button('preview-listen', 'play', listen), button('preview-keep', 'keep', () => end('keep')), button('preview-drop', 'close', () => end('drop')))];
  }
}

/** @param {string} id @param {string} picture @param {() => void} press */
function button(id, picture, press) {
  return h('button', { type: 'button', class: 'quiet', id, onclick: press }, icon(picture), t(id.replace('-', '.')));
}

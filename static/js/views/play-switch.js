/** "Play along": the one switch after which the microphone opens by itself. */
import { h, icon, say } from '../lib/dom.js';
import { t } from '../lib/text.js';
import { wantsTrial } from '../session/model.js';
import { View } from './view.js';

export class PlaySwitch extends View {
  build() {
    this.words = h('span', { class: 'dock-words' });
    const press = async () => {
      const { session } = this;
      if (session.model.playing || !wantsTrial(session.model)) return session.play(!session.model.playing);
      session.player.unlock();
      (await import('./microphone-check.js')).open(session, () => session.play(true));
    };
    this.button = h('button', { type: 'button', class: 'dock-button', id: 'play', title: t('play.hint'), onclick: press },
      icon('spark'), this.words);
    this.append(this.button);
  }

  /** @param {import('../session/model.js').Model} model */
  update({ playing, state }) {
    this.button?.setAttribute('aria-pressed', String(playing));
    if (this.button) this.button.disabled = state.closed;
    if (this.words) say(this.words, t(playing ? 'play.on' : 'play.off'));
  }
}

customElements.define('play-switch', PlaySwitch);

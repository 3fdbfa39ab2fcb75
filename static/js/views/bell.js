/** "New choice!": a bell for eyes and ears, at the moment that its turn names. */

const SOUND = '/static/sounds/bell.wav';
const SHOWN_MS = 900;

export class Bell {
  #rung = '';

  /** @param {import('../session/session.js').Session} session */
  constructor(session) {
    this.session = session;
    this.audio = new Audio();
    this.audio.preload = 'none';
    this.audio.src = SOUND;
  }

  /** @param {import('../session/model.js').Model} model */
  update({ state }) {
    const turn = state.round?.turns.at(-1);
    const name = turn?.bell ? `${turn.round} ${turn.turn}` : '';
    if (!turn || !name || name === this.#rung) return;
    this.#rung = name;
    const left_ms = this.session.clock.until_ms(turn.go_at_ms);
    if (left_ms > -SHOWN_MS) setTimeout(() => this.#ring(), Math.max(0, left_ms));
  }

  #ring() {
    const { model } = this.session;
    // In an open microphone the bell would be heard twice: then it is for the eyes alone.
    if (model.wantsSound && model.speaking !== 'live') this.audio.play().catch(() => {});
    document.body.dataset.bell = 'true';
    setTimeout(() => delete document.body.dataset.bell, SHOWN_MS);
  }
}

/** The visitor's own voice: what the talk button and playing along do, and what the visitor is told of it. */
import { isIOS } from '../lib/browser.js';
import { AGAIN_MS, CALM_MS, isCalm, limitOf } from './model.js';

// A microphone that is not played along with is given back this long after a take: who only listens now should
// not be shown as recorded. On iOS at once, for playback is turned down as long as it is in use.
const RESTS_MS = isIOS ? 1_500 : 60_000;

/** What a microphone's trouble is called in notices. @type {Record<string, string>} */
const TROUBLES = { refused: 'mic-refused', missing: 'mic-missing', busy: 'mic-busy', insecure: 'insecure' };

/** @typedef {import('../wire/protocol.js').Refused} Refused */
/** @typedef {import('../wire/protocol.js').Turn} Turn */
/**
 * @typedef {object} VoiceParts
 * @property {import('./model.js').Reader} read
 * @property {import('./model.js').Setter<'speaking'|'auto'|'path'|'mic'|'playing'>} set
 * @property {import('./notices.js').Notices} notices
 * @property {Pick<import('./speaker.js').Speaker, 'begin'|'end'|'prepare'|'release'|'isBusy'>} speaker
 * @property {Pick<import('../audio/microphone.js').Microphone, 'state'>} microphone
 * @property {Pick<import('./route.js').Route, 'kind'|'tryLiveAgain'|'tryLiveBeside'>} route
 * @property {Pick<import('./turns.js').Turns, 'outcome'|'missed'>} turns
 * @property {() => Turn|null} openTurn  in which this voice may speak now or soon
 * @property {(playing: boolean) => void} played  plays along, or no more
 * @property {(on: boolean) => void} duck  the sound steps back while one speaks
 */

/** @typedef {import('./speaker.js').SpeakerObserver} SpeakerObserver */

/** @implements {SpeakerObserver} */
export class OwnVoice {
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #resting;
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #again;
  #fell = false;
  #plays = 0;
  #stepsBack = false; // in the middle of a take

  /** @param {() => VoiceParts} parts asked for with each use, for some of them tell this one what they do */
  constructor(parts) {
    this.parts = parts;
  }

  /** The talk button. @param {'start'|'stop'} command */
  talk(command) {
    const { speaker, microphone, notices, openTurn, read } = this.parts();
    if (command === 'stop') return speaker.end();
    if (microphone.state === 'insecure') return this.microphoneChanged();
    notices.clear('mic-ready', 'refused', 'stepped-back');
    this.#stepsBack = false;
    const turn = openTurn();
    return speaker.begin({ turn, limit_ms: limitOf(read(), turn) });
  }

  /** Play along, or step back. @param {boolean} playing */
  async play(playing) {
    const { speaker, notices } = this.parts();
    const plays = (this.#plays += 1);
    notices.clear('stepped-back');
    this.#stepsBack = !playing && speaker.isBusy;
    this.#playing(playing);
    if (!playing) return speaker.release();
    try {
      await speaker.prepare();
      if (plays === this.#plays) this.parts().played(true); // not before: no round begins for whoever reads a dialog
    } catch (why) {
      if (plays !== this.#plays) return;
      this.#playing(false);
      this.microphoneChanged();
      this.refused(/** @type {Refused} */ (why), false);
    }
  }

  /** @param {boolean} playing */
  #playing(playing) {
    const { set, played } = this.parts();
    clearTimeout(this.#resting);
    set({ playing });
    played(playing);
  }

  stepBack() {
    this.play(false);
    this.parts().notices.tell({ code: 'stepped-back', action: () => this.play(true) });
  }

  microphoneChanged() {
    const { set, notices, speaker, microphone } = this.parts();
    const mic = microphone.state;
    set({ mic });
    if (mic === 'closed') speaker.end(); // unplugged in the middle of a word: what was said counts
    notices.clear(...Object.values(TROUBLES));
    if (mic in TROUBLES) notices.tell({ code: TROUBLES[mic] });
  }

  // --- what the speaker tells

  /** @param {import('./model.js').Speaking} speaking @param {boolean} auto */
  became(speaking, auto) {
    const { read, set, speaker, route, duck } = this.parts();
    set({ speaking, auto: auto && speaking !== 'ready', path: route.kind });
    duck(speaking === 'live');
    clearTimeout(this.#resting);
    if (speaking === 'ready' && (isIOS || !read().playing)) this.#resting = setTimeout(() => speaker.release(), this.#stepsBack ? 0 : RESTS_MS);
    if (speaking === 'ready') this.#stepsBack = false;
  }

  readied() {
    this.parts().notices.pass({ code: 'mic-ready' });
  }

  /** @param {boolean} auto */
  landed(auto) {
    if (auto) this.parts().turns.outcome(true);
  }

  /** @param {Refused} why @param {boolean} auto */
  refused(why, auto) {
    const { notices, turns } = this.parts();
    if (why.code === 'no_recorder') return notices.tell({ code: 'no-recorder' });
    if (auto && why.code === 'offline') return turns.missed();
    if (auto && (why.code === 'silent' || why.code === 'too_short')) return turns.outcome(false); // not to say anything is fine
    notices.complain(why);
  }

  // --- what is known of the way

  /** Live sound does not get through. @param {import('./route.js').Reason} code */
  fellBack(code) {
    const { notices, set, route } = this.parts();
    if (!this.#fell) notices.tell({ code });
    this.#fell = true;
    set({ path: route.kind });
    this.#tryAgain(AGAIN_MS);
  }

  /** Try live sound again, once in a while. @param {number} after_ms */
  #tryAgain(after_ms) {
    clearTimeout(this.#again);
    this.#again = setTimeout(async () => {
      if (!isCalm(this.parts().read())) return this.#tryAgain(CALM_MS);
      if (await this.#getsThrough()) return this.recovered();
      if (this.#fell) this.#tryAgain(AGAIN_MS);
    }, after_ms);
  }

  /** Whether live sound may get through now. Where one hears files, it is listening that finds out. */
  async #getsThrough() {
    const { read, route, speaker, microphone } = this.parts();
    const { hearing } = read();
    if (hearing === 'files') return false;
    return microphone.state === 'open' ? route.tryLiveBeside(() => speaker.isBusy) : hearing === 'radio';
  }

  /** It does, after all: the next take may try it too. */
  recovered() {
    const { notices, set, route, speaker } = this.parts();
    this.#fell = false;
    clearTimeout(this.#again);
    notices.clear('udp-blocked', 'live-failed');
    if (!speaker.isBusy) route.tryLiveAgain();
    set({ path: route.kind });
  }
}

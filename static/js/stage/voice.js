/** The visitor's own voice: what the talk button and playing along do, and what comes of it. */
import { isIOS } from '../lib/browser.js';
import { Refused } from '../wire/protocol.js';
import { paceOf } from './model.js';

const DEFAULT_LIMIT_MS = 7_000;
// A microphone that is not played along with is given back this long after a take: who only listens now should
// not be shown as recorded. On iOS at once, for playback is turned down as long as it is in use.
const RESTS_MS = isIOS ? 1_500 : 60_000;

/** What a microphone's trouble is called in notices. @type {Record<string, string>} */
const TROUBLES = { refused: 'mic-refused', missing: 'mic-missing', busy: 'mic-busy', insecure: 'insecure' };

/** @typedef {import('./speaker.js').Told} Told */

/** @implements {Told} */
export class Voice {
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #resting;
  #fell = false;

  /** @param {import('./session.js').Session} session */
  constructor(session) {
    this.session = session;
  }

  /** How long a take may be, in a turn or out of it; the server ends it by the same rule. @param {import('../wire/protocol.js').Turn|null} turn */
  limitOf(turn) {
    const { model } = this.session;
    return (turn?.limit_ms || (model.room?.longest_clip_ms ?? DEFAULT_LIMIT_MS)) * paceOf(model);
  }

  /** The talk button. @param {'start'|'stop'} wish */
  talk(wish) {
    const { session } = this;
    if (wish === 'stop') return session.speaker.end();
    if (session.microphone.state === 'insecure') return this.microphoneChanged();
    session.clear('mic-ready', 'refused');
    const turn = session.inbox.openTurn;
    return session.speaker.begin({ turn, limit_ms: this.limitOf(turn) });
  }

  /** Play along, or step back. @param {boolean} playing */
  async play(playing) {
    const { session } = this;
    session.clear('stepped-back');
    clearTimeout(this.#resting);
    session.set({ playing });
    session.here();
    session.inbox.plan();
    import('./awake.js').then(({ stayAwake }) => stayAwake(playing));
    if (!playing) return session.speaker.rest();
    try {
      await session.speaker.warm();
    } catch {
      session.set({ playing: false });
      session.here();
      this.microphoneChanged();
    }
  }

  stepBack() {
    this.play(false);
    this.session.notice({ code: 'stepped-back', action: () => this.play(true) });
  }

  microphoneChanged() {
    const { session } = this;
    const mic = session.microphone.state;
    session.set({ mic });
    if (mic === 'closed') session.speaker.end(); // unplugged in the middle of a word: what was said counts
    session.clear(...Object.values(TROUBLES));
    if (mic in TROUBLES) session.notice({ code: TROUBLES[mic] });
  }

  // --- what the speaker tells

  /** @param {import('./model.js').Speaking} speaking @param {boolean} auto */
  became(speaking, auto) {
    const { session } = this;
    session.set({ speaking, auto: auto && speaking !== 'ready', path: session.speaker.path });
    session.player.duck(speaking === 'live');
    clearTimeout(this.#resting);
    if (speaking === 'ready' && (isIOS || !session.model.playing)) this.#resting = setTimeout(() => session.speaker.rest(), RESTS_MS);
  }

  /** @param {import('./speaker.js').Reason} code */
  fellBack(code) {
    if (!this.#fell) this.session.notice({ code });
    this.#fell = true;
    this.session.set({ path: this.session.speaker.path });
  }

  /** Live sound gets through after all: the next take may try it too. */
  recovered() {
    this.#fell = false;
    this.session.clear('udp-blocked', 'live-failed');
    this.session.speaker.hope();
    this.session.set({ path: this.session.speaker.path });
  }

  readied() {
    this.session.passing({ code: 'mic-ready' });
  }

  /** @param {boolean} auto */
  landed(auto) {
    if (auto) this.session.turns.outcome(true);
  }

  /** @param {Refused} why @param {boolean} auto */
  refused(why, auto) {
    const passed = auto && (why.code === 'silent' || why.code === 'too_short');
    if (passed) return this.session.turns.outcome(false); // not to say anything is fine
    this.complain(why);
  }

  unable() {
    this.session.notice({ code: 'no-recorder' });
  }

  /** @param {Refused} why */
  complain(why) {
    if (!(why instanceof Refused) || why.code === 'closed' || why.code === 'no_recorder') return;
    this.session.passing({ code: 'refused', values: { code: why.code, message: why.message } });
  }
}

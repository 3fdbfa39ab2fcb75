/** Which clips sound: the one that the radio plays, and the one that the visitor plays again. */
import { clipUrl } from '../audio/player.js';

const STILL_MS = 4_000; // who laughs this long after a clip laughs at its end

export class OnAir {
  /** The clip that was played last, and when it began. */ #last = { clip: '', began_ms: 0, duration_ms: 0 };
  /** @type {ReturnType<typeof setTimeout>[]} */ #timers = [];

  /** @param {import('./model.js').Setter<'onAir'|'onAirMs'|'asked'>} set @param {import('../room/clock.js').Clock} clock */
  constructor(set, clock) {
    this.set = set;
    this.clock = clock;
  }

  /** What is heard now, or was a moment ago, and how far it is. @returns {{clip: string, at_ms: number}|null} */
  get heard() {
    const { clip, began_ms, duration_ms } = this.#last;
    const at_ms = this.clock.now() - began_ms;
    return clip && at_ms < duration_ms + STILL_MS ? { clip, at_ms: Math.round(Math.min(at_ms, duration_ms)) } : null;
  }

  /** @param {import('../wire/protocol.js').Cue} cue */
  cue({ clip, starts_at_ms, duration_ms, prompt = '', at_ms = 0 }) {
    const begin_ms = Math.max(0, this.clock.until_ms(starts_at_ms));
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers = [
      setTimeout(() => {
        this.#last = { clip, began_ms: this.clock.now(), duration_ms };
        this.set({ onAir: clip, onAirMs: duration_ms, asked: prompt ? { prompt, at_ms } : null });
      }, begin_ms),
      setTimeout(() => this.set({ onAir: null, asked: null }), begin_ms + duration_ms),
    ];
  }

  /** It ends before its time. */
  cut() {
    for (const timer of this.#timers) clearTimeout(timer);
    this.set({ onAir: null });
  }
}

export class Replay {
  /**
   * @param {import('./model.js').Reader} read @param {import('./model.js').Setter<'replaying'>} set
   * @param {import('../audio/player.js').Player} player @param {(url: string) => Promise<string>} own where a clip is that only its speaker may hear
   */
  constructor(read, set, player, own) {
    this.read = read;
    this.set = set;
    this.player = player;
    this.own = own;
  }

  /** Play a clip again, or stop it. @param {string} clip */
  async play(clip) {
    if (this.read().replaying === clip) {
      this.set({ replaying: null });
      return this.player.stop();
    }
    this.set({ replaying: clip });
    const url = clipUrl(clip, this.player.audio);
    const from = this.read().state.clips.get(clip)?.hidden ? await this.own(url) : url;
    if (this.read().replaying !== clip) return; // another was pressed meanwhile
    await this.player.clip(from);
    if (this.read().replaying === clip) this.set({ replaying: null });
  }
}

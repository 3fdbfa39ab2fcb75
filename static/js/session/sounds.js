/** Which clips sound: the one that the radio plays, and the one that the visitor plays again. */
import { clipUrl } from '../audio/player.js';
import { get } from '../lib/preferences.js';

const STILL_MS = 4_000; // who laughs this long after a clip laughs at its end

const TAIL_MS = 250; // what is still on its way when a piece ends; the radio waits for longer before the next one

/**
 * Where somebody is hidden, the radio is heard only while it is known to play somebody else: sound comes by another
 * way than what is told of it, and not a syllable of a hidden voice may get through.
 */
export class OnAir {
  /** The clip that was played last, and when it began. */ #last = { clip: '', began_ms: 0, duration_ms: 0 };
  /** @type {ReturnType<typeof setTimeout>[]} */ #timers = [];
  /** What the radio plays; '' is what it says itself. @type {string|null} */ #clip = null;
  /** Whom it names there. @type {string[]} */ #names = [];
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #relayEnds;
  /** Whom one hears while they speak. @type {'nobody'|'others'|'hidden'} */ #relay = 'nobody';

  /**
   * @param {{read: import('./model.js').Reader, set: import('./model.js').Setter<'onAir'|'onAirMs'|'asked'>, clock: import('../room/clock.js').Clock,
   *   hidden: Pick<import('./hidden.js').Hidden, 'has'>, player: Pick<import('../audio/player.js').Player, 'hush'>}} parts
   */
  constructor({ read, set, clock, hidden, player }) {
    this.read = read;
    this.set = set;
    this.clock = clock;
    this.hidden = hidden;
    this.player = player;
  }

  /** What is heard now, or was a moment ago, and how far it is. @returns {{clip: string, at_ms: number}|null} */
  get heard() {
    const { clip, began_ms, duration_ms } = this.#last;
    const at_ms = this.clock.now() - began_ms;
    return clip && at_ms < duration_ms + STILL_MS ? { clip, at_ms: Math.round(Math.min(at_ms, duration_ms)) } : null;
  }

  /** @param {import('../wire/protocol.js').Cue} cue */
  cue({ kind = 'clip', clip, names = [], names_at_ms = 0, starts_at_ms, duration_ms, prompt = '', at_ms = 0 }) {
    const begin_ms = Math.max(0, this.clock.until_ms(starts_at_ms));
    for (const timer of this.#timers) clearTimeout(timer);
    this.#piece(kind === 'clip' ? clip : '', names_at_ms > 0 ? [] : names);
    if (kind !== 'clip') {
      this.set({ onAir: null, asked: null });
      this.#timers = [
        setTimeout(() => this.#piece('', names), begin_ms + names_at_ms),
        setTimeout(() => this.#piece(null), begin_ms + duration_ms + TAIL_MS),
      ];
      return;
    }
    this.#timers = [
      setTimeout(() => {
        this.#last = { clip, began_ms: this.clock.now(), duration_ms };
        this.set({ onAir: clip, onAirMs: duration_ms, asked: prompt ? { prompt, at_ms } : null });
      }, begin_ms),
      setTimeout(() => this.set({ onAir: null, asked: null }), begin_ms + duration_ms),
      setTimeout(() => this.#piece(null), begin_ms + duration_ms + TAIL_MS),
    ];
  }

  /** It ends before its time. */
  cut() {
    for (const timer of this.#timers) clearTimeout(timer);
    this.set({ onAir: null });
    this.#timers = [setTimeout(() => this.#piece(null), TAIL_MS)];
  }

  /** Somebody is hidden or taken back, or speaks in a room that is heard live. */
  follow() {
    const { room, presence, hidden } = this.read();
    const speaking = room?.live ? [...presence.speaking] : [];
    const relay = !speaking.length ? 'nobody' : speaking.some((id) => hidden.includes(id)) ? 'hidden' : 'others';
    clearTimeout(this.#relayEnds);
    if (relay === 'hidden' || this.#relay === 'nobody') this.#relayed(relay);
    else this.#relayEnds = setTimeout(() => this.#relayed(relay), TAIL_MS);
  }

  /** @param {string|null} clip @param {string[]} [names] */
  #piece(clip, names = []) {
    this.#clip = clip;
    this.#names = names;
    this.#hush();
  }

  /** @param {'nobody'|'others'|'hidden'} relay */
  #relayed(relay) {
    this.#relay = relay;
    this.#hush();
  }

  #hush() {
    const isOther = this.#relay === 'others' || (this.#relay === 'nobody' && this.#clip !== null && !this.hidden.has(this.#clip));
    const isUnwanted = this.#clip === '' && (!get('spoken') || this.#names.some((id) => this.hidden.has(id)));
    this.player.hush(isUnwanted || (this.read().hidden.length > 0 && !isOther));
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

/** What comes from the room: events into the fold, signals to where they belong, and the connection's health. */
import { isDrawnIn, isFor } from '../room/play.js';
import { momentOf } from '../room/round.js';
import { foldPresence, NOBODY } from '../room/presence.js';
import { restarted } from '../room/pending.js';
import { bounded, EMPTY, foldAll, seeded } from '../room/state.js';
import { CLOSE, problemOf } from '../wire/protocol.js';
import { RoomSocket } from '../wire/socket.js';
import { paceOf, WAITS } from './model.js';

/** @typedef {import('../wire/protocol.js').Event} RoomEvent */

const GRACE_MS = 1_200; // a connection back sooner than this is not worth a word
const DIARY_KINDS = new Set(['clip.landed', 'clip.captioned', 'reaction.given']);
const ENDINGS = new Set(['cut', 'landed', 'refused']);
const ASKS_AT = 2; // attempts without a welcome: is there such a room, and is there a place in it? And each 4 after it.
/** @type {Record<string, string>} */
const ASKED = { busy: 'full', too_fast: 'full', draining: 'restarting', restarting: 'restarting', wrong_origin: 'misplaced' };
const CODES = { [CLOSE.restarting]: 'restarting', [CLOSE.comeBack]: 'full' };

export class Inbox {
  #wasLost = false;
  #failures = 0;
  #why = { code: 'reconnecting', values: {} };
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #worry;
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #over;
  /** @type {ReturnType<typeof setTimeout>[]} */ #cues = [];

  /** @param {import('./session.js').Session} session */
  constructor(session) {
    this.session = session;
    const url = new URL(`/api/rooms/${encodeURIComponent(session.id)}/ws`, location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    this.socket = new RoomSocket(url.href, this);
    /** @type {import('./rtc-path.js').Request} */
    this.request = (message, options) => this.socket.request(message, options);
  }

  open() {
    this.socket.open();
    addEventListener('online', () => {
      this.socket.hurry();
      if (this.session.model.joined) this.session.listener.again();
    });
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) return;
      this.socket.hurry();
      this.session.player.wake();
    });
    addEventListener('pagehide', (event) => event.persisted || this.socket.close());
  }

  /** Where the round stands now, for this voice. */
  get moment() {
    const { model, clock } = this.session;
    return momentOf(model.state, model.me?.id ?? '', clock.server_ms, paceOf(model));
  }

  /** The turn in which this voice may speak now or soon, else null. */
  get openTurn() {
    const { moment } = this;
    return moment.mine && (moment.phase === 'window' || moment.phase === 'count-in') ? moment.turn : null;
  }

  /** Let the views and the player of turns know where the round stands. */
  plan() {
    const { model, turns } = this.session;
    this.#follow();
    const { round } = model.state;
    const turn = round?.turns.at(-1) ?? null;
    const me = model.me?.id ?? '';
    const mine = round && turn && isFor(turn, me) && isDrawnIn(round, me, model.room);
    turns.plan(model.playing && mine ? turn : null);
  }

  /** Keep the model at the moment, and look again when it is over. */
  #follow() {
    const { session } = this;
    const { phase, mine, left_ms } = this.moment;
    if (phase !== session.model.phase || mine !== session.model.mine) session.set({ phase, mine });
    clearTimeout(this.#over);
    if (left_ms > 0) this.#over = setTimeout(() => this.#follow(), left_ms);
  }

  // --- what the socket tells

  /** @param {import('../wire/protocol.js').Welcome} welcome */
  welcome({ room, you, server_ms }) {
    const { session } = this;
    session.clock.hint(server_ms);
    const state = session.model.state.head === 0 ? seeded(room) : session.model.state;
    session.set({ room, me: you, state, presence: NOBODY });
    this.#failures = 0;
    this.plan();
  }

  /** @param {RoomEvent[]} events */
  events(events) {
    const { session } = this;
    const live = session.model.connection === 'open';
    session.set({ state: bounded(foldAll(session.model.state, events)) });
    session.settle();
    this.plan();
    if (live) events.forEach((event) => this.#ownClip(event));
  }

  /** @param {RoomEvent} event */
  #ownClip({ kind, by, data, at_ms }) {
    const { session } = this;
    const isFresh = session.clock.server_ms - at_ms < 10_000;
    if (kind === 'clip.landed' && by?.id === session.model.me?.id && isFresh) session.offerUndo(data.clip);
    // What is measured is for its speaker, stays in this browser, and never comes from healing rooms.
    const own = session.model.state.clips.get(data.clip ?? data.target)?.by?.id === session.model.me?.id;
    if (own && DIARY_KINDS.has(kind) && session.model.room?.scored) import('./diary.js').then(({ note }) => note(session.model, kind, data, by, at_ms));
  }

  /** @param {import('../wire/protocol.js').Signal} signal */
  signal({ kind, data }) {
    const { session } = this;
    if (kind === 'cue') return this.#cue(data);
    if (kind === 'take') return this.#take(data);
    session.set({ presence: foldPresence(session.model.presence, kind, data) });
  }

  /** The server cut a take by itself, perhaps that of another tab. @param {{state: string, peer: string, clip?: string}} take */
  #take({ state, peer, ...take }) {
    if (state === 'landed') this.session.endPreview(take.clip); // kept, perhaps in another tab
    if (state === 'preview') this.session.offerPreview(/** @type {any} */ (take));
    if (peer && peer === this.session.speaker.peer && ENDINGS.has(state)) this.session.speaker.ended();
  }

  /** @param {import('../wire/protocol.js').Cue} cue */
  #cue(cue) {
    const { session } = this;
    const { clock, listener, model } = session;
    const by = model.state.clips.get(cue.clip)?.by?.id ?? '';
    const hidden = model.hidden.includes(cue.clip) || model.hidden.includes(by);
    if (!hidden) listener.cue(cue);
    const begin_ms = clock.until_ms(cue.starts_at_ms);
    for (const timer of this.#cues.splice(0)) clearTimeout(timer);
    this.#cues = [
      setTimeout(() => session.set({ onAir: cue.clip, onAirMs: cue.duration_ms }), Math.max(0, begin_ms)),
      setTimeout(() => session.set({ onAir: null }), Math.max(0, begin_ms) + cue.duration_ms),
    ];
  }

  /** @param {number} t @param {number} server_ms */
  pong(t, server_ms) {
    this.session.clock.pong(t, server_ms);
    this.#follow();
  }

  reset() {
    this.session.set({ state: EMPTY, pending: restarted(this.session.model.pending) });
  }

  /** @param {'open'|'closed'|'refused'} status @param {number} code */
  status(status, code) {
    this.session.set({ connection: status });
    if (status === 'open') return this.#back();
    if (status === 'refused') return this.session.notice({ code: 'forbidden' });
    this.#lost(code);
  }

  #back() {
    const { session } = this;
    clearTimeout(this.#worry);
    this.#why = { code: 'reconnecting', values: {} };
    session.clear(...WAITS);
    if (this.#wasLost) {
      session.passing({ code: 'back' });
      session.listener.again();
    }
    this.#wasLost = false;
    session.here();
  }

  /** @param {number} code */
  #lost(code) {
    const { session } = this;
    session.speaker.ended();
    session.turns.plan(null); // planned anew by the welcome, or a turn that begins meanwhile would be lost
    this.#failures += 1;
    if (this.#failures % 4 === ASKS_AT) this.#ask();
    clearTimeout(this.#worry);
    this.#worry = setTimeout(() => this.#tell(CODES[code] ? { code: CODES[code] } : this.#why), this.#wasLost || this.#failures > 1 ? 0 : GRACE_MS);
  }

  /** @param {import('./model.js').Notice} notice */
  #tell(notice) {
    this.#wasLost = true;
    this.session.clear(...WAITS, 'back');
    this.session.notice(notice);
  }

  /** A socket does not tell why it was not let in; its address does, when asked in a way that names this page. */
  async #ask() {
    const response = await fetch(this.socket.url.replace('ws', 'http'), { method: 'OPTIONS' }).catch(() => null);
    if (!response || response.ok || this.session.model.connection === 'open') return;
    clearTimeout(this.#worry);
    if (response.status === 404) {
      this.socket.close();
      this.session.set({ connection: 'refused' });
      return this.session.notice({ code: 'gone' });
    }
    const { code, message } = await problemOf(response);
    this.#why = { code: ASKED[code] ?? 'reconnecting', values: { why: message } };
    this.#tell(this.#why);
  }
}

/**
 * One visit to one room: joins the socket, the fold, the microphone and the sound, and offers the
 * views what a visitor can do. Everything a view shows is in `store.model`.
 */
import { Meter } from '../audio/meter.js';
import { Microphone } from '../audio/microphone.js';
import { clipUrl, Player } from '../audio/player.js';
import { recall, remember } from '../lib/storage.js';
import { Store } from '../lib/store.js';
import { Clock } from '../room/clock.js';
import { arrived, refused, sent, stored } from '../room/pending.js';
import { own } from '../wire/key.js';
import { command } from '../wire/protocol.js';
import { hasLiveSound } from '../wire/rtc.js';
import { Inbox } from './inbox.js';
import { Listener } from './listener.js';
import { BLANK, noticed, unnoticed } from './model.js';
import { Speaker } from './speaker.js';
import { Turns } from './turns.js';
import { Voice } from './voice.js';

/** @typedef {import('./model.js').Model} Model */

const PREVIEW_MS = 60_000;
const UNDO_MS = 5_000;
const HIDDEN = 500; // what this browser remembers of a room
const UNTIL_ANSWERED_MS = 2 ** 31 - 1; // the longest timer there is: what was written is sent again until it is known what came of it
const PASSING_MS = 7_000; // how long a passing notice stays

export class Session {
  /** @type {Store<Model>} */ store;
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #undo;
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #preview;

  /** @param {string} room @param {HTMLAudioElement} audio @param {URLSearchParams} query */
  constructor(room, audio, query) {
    const isTold = query.get('rtc') === 'off';
    this.lacksLiveSound = !isTold && !hasLiveSound();
    const files = isTold || this.lacksLiveSound;
    this.id = room;
    this.store = new Store({ ...BLANK, hidden: recall(`hidden.${room}`, []), path: files ? 'files' : 'webrtc', pace: recall('pace', 1) });
    this.clock = new Clock(() => performance.now());
    this.player = new Player(audio, {
      blocked: () => this.notice({ code: 'tap-to-hear', action: () => this.player.unlock() }),
      playing: () => this.clear('tap-to-hear'),
    });
    this.meter = new Meter();
    this.inbox = new Inbox(this);
    this.microphone = new Microphone({
      raw: query.get('mic') === 'raw',
      changed: () => this.voice.microphoneChanged(),
    });
    const request = this.inbox.request;
    const { clock, microphone, meter, player } = this;
    this.voice = new Voice(this);
    this.speaker = new Speaker({ room, files, request, microphone, meter, clock, told: this.voice });
    this.turns = new Turns({
      speaker: this.speaker,
      clock,
      limit_ms: (turn) => this.voice.limitOf(turn),
      pace: () => this.model.pace,
      stepBack: () => this.voice.stepBack(),
    });
    this.listener = new Listener({
      room,
      files,
      player,
      clock,
      told: {
        became: (hearing) => this.#hearing(hearing),
        fellBack: () => (this.speaker.expectFiles(), this.voice.fellBack('udp-blocked')),
        recovered: () => this.voice.recovered(),
      },
    });
    this.set({ mic: microphone.state });
  }

  get model() {
    return this.store.model;
  }

  /** @param {Partial<Model>} changes */
  set(changes) {
    this.store.set(changes);
  }

  // --- notices

  /** @param {import('./model.js').Notice} notice */
  notice(notice) {
    this.set({ notices: noticed(this.model.notices, notice) });
  }

  /** A notice that goes by itself. @param {import('./model.js').Notice} notice */
  passing(notice) {
    this.notice(notice);
    setTimeout(() => this.model.notices.includes(notice) && this.clear(notice.code), PASSING_MS);
  }

  /** @param {...string} codes */
  clear(...codes) {
    const notices = unnoticed(this.model.notices, ...codes);
    if (notices !== this.model.notices) this.set({ notices });
  }

  // --- being here

  /** When "go" was seen, for a reaction time on one's own clocks. @param {import('../wire/protocol.js').Turn} turn */
  sawGo(turn) {
    this.speaker.go = { name: `${turn.round} ${turn.turn}`, shown_ms: performance.now() };
  }

  /** The join tap: call it in the gesture, for it unlocks the sound. @param {boolean} playing */
  join(playing) {
    this.player.unlock();
    this.set({ joined: true });
    if (this.lacksLiveSound) this.notice({ code: 'no-live-sound' });
    if (this.model.room?.consent) remember(`consent.${this.id}`, true);
    if (this.model.wantsSound) this.listener.on();
    if (playing) this.voice.play(true);
    this.here();
  }

  /** Tell the room how we are here. */
  here() {
    const { joined, hearing, playing, pace } = this.model;
    if (!joined) return;
    const listening = hearing === 'radio' || hearing === 'files' ? hearing : 'off';
    const consented = recall(`consent.${this.id}`, false);
    this.inbox.request(command('here', { speaker: playing, listening, pace, consented })).catch(() => {});
  }

  /** Take so much more time than others; nobody else is told. @param {number} pace */
  pace(pace) {
    remember('pace', pace);
    this.set({ pace });
    this.inbox.plan();
    this.here();
  }

  /** @param {boolean} wantsSound */
  sound(wantsSound) {
    this.set({ wantsSound });
    if (!wantsSound) return this.listener.off();
    this.player.unlock();
    this.listener.on();
  }

  /** @param {import('./model.js').Hearing} hearing */
  #hearing(hearing) {
    this.set({ hearing });
    if (hearing !== 'connecting') this.here();
  }

  // --- wishes

  /** Send a wish whose refusal is told in a passing notice. @param {string} type @param {Record<string, unknown>} [fields] */
  async wish(type, fields = {}) {
    try {
      await this.inbox.request(command(type, fields), { resend: true });
      return true;
    } catch (why) {
      this.voice.complain(/** @type {import('../wire/protocol.js').Refused} */ (why));
      return false;
    }
  }

  /** Say something in writing: shown at once, confirmed by its event. @param {string} text */
  async say(text) {
    const message = command('say', { text });
    this.set({ pending: sent(this.model.pending, message.id, text, this.model.state.head) });
    try {
      const seq = await this.inbox.request(message, { resend: true, within_ms: UNTIL_ANSWERED_MS });
      this.set({ pending: stored(this.model.pending, message.id, seq, this.model.state.head) });
    } catch (why) {
      const { code, message: words } = /** @type {import('../wire/protocol.js').Refused} */ (why);
      this.set({ pending: refused(this.model.pending, message.id, code || words) });
    }
  }

  settle() {
    const pending = arrived(this.model.pending, this.model.state.head);
    if (pending !== this.model.pending) this.set({ pending });
  }

  /** @param {string} target @param {string} emoji */
  react(target, emoji) {
    return this.wish('react', { target, emoji });
  }

  /** Offer to take an own clip back, for a while. @param {string} clip */
  offerUndo(clip) {
    clearTimeout(this.#undo);
    this.set({ undo: clip });
    this.#undo = setTimeout(() => this.set({ undo: null }), UNDO_MS);
  }

  /** A take waits to be heard by its speaker, as long as the server keeps it. @param {import('./model.js').Preview} preview */
  offerPreview(preview) {
    clearTimeout(this.#preview);
    this.set({ preview });
    this.#preview = setTimeout(() => this.set({ preview: null }), PREVIEW_MS);
  }

  /** @param {'keep'|'drop'} wish @param {string} preview */
  async decide(wish, preview) {
    if (await this.wish(wish, { preview })) this.endPreview(preview);
  }

  /** @param {string} [preview] its clip has the same id */
  endPreview(preview) {
    if (this.model.preview?.preview === preview) this.set({ preview: null });
  }

  /** @param {string} clip */
  async forget(clip) {
    if (this.model.undo === clip) this.set({ undo: null });
    return this.wish('forget', { clip });
  }

  /** Report a clip and hear it no more. @param {string} clip @param {string} reason */
  async report(clip, reason) {
    await this.wish('report', { clip, reason });
    this.hide(clip);
  }

  /** Hide a voice or a clip, for as long as this browser remembers. @param {string} id */
  hide(id) {
    this.#hidden([...this.model.hidden, id]);
  }

  unhideAll() {
    this.#hidden([]);
  }

  /** @param {string[]} hidden */
  #hidden(hidden) {
    hidden = [...new Set(hidden)].slice(-HIDDEN);
    this.set({ hidden });
    remember(`hidden.${this.id}`, hidden);
  }

  /** Pass the room on: by what the phone has for it, else by its link. */
  share() {
    if (!navigator.share) return this.copyLink();
    return navigator.share({ title: document.title, url: this.link }).catch(() => {}); // changed their mind
  }

  get link() {
    return `${location.origin}/r/${encodeURIComponent(this.id)}`;
  }

  async copyLink() {
    await navigator.clipboard?.writeText(this.link);
    this.passing({ code: 'copied' });
  }

  /** Play a clip again, or stop it. @param {string} clip */
  async replay(clip) {
    if (this.model.replaying === clip) return this.player.stop();
    this.set({ replaying: clip });
    const url = clipUrl(clip, this.player.audio);
    await this.player.clip(this.model.state.clips.get(clip)?.hidden ? await own(url) : url);
    if (this.model.replaying === clip) this.set({ replaying: null });
  }
}


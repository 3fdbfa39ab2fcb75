/**
 * The room's socket: comes back by itself with its cursor, and tells of every event once, in order.
 * No DOM; the WebSocket class, the timers and chance are arguments, so that it runs in node.
 */
import { backoff } from './backoff.js';
import { keep, offered } from './key.js';
import { CLOSE, Refused, command, encoded, messagesIn } from './protocol.js';

/** @typedef {import('./protocol.js').ServerMessage} ServerMessage */
/** @typedef {import('./protocol.js').ClientMessage} ClientMessage */
/** @typedef {import('./protocol.js').Event} RoomEvent */
/**
 * @typedef {object} Listener
 * @property {(welcome: import('./protocol.js').Welcome) => void} welcome
 * @property {(events: RoomEvent[]) => void} events
 * @property {(signal: import('./protocol.js').Signal) => void} signal
 * @property {(t: number, server_ms: number) => void} pong
 * @property {(status: 'open'|'closed'|'refused', code: number) => void} status
 * @property {() => void} reset   the cursor is lost: forget the state, the log comes anew
 */
/** @typedef {{resolve: (seq: number) => void, reject: (why: Error) => void, message: ClientMessage, resend: boolean}} Waiting */

export const PING_EVERY_MS = 10_000;
export const SILENCE_MS = 15_000; // a ping unanswered for so long: the path is dead
export const HURRY_MS = 3_000; // and when the network was another: for so long
export const CALM_MS = 60_000; // a connection that stood for so long was understood
export const ANSWER_MS = 20_000; // an unanswered command is given up after this

/** The server did not understand what this page sent. */
const MISSPOKE = [CLOSE.protocol, CLOSE.badText, CLOSE.tooBig];

export class RoomSocket {
  /** @type {WebSocket|null} */ #socket = null;
  /** @type {Map<string, Waiting>} */ #waiting = new Map();
  #attempt = 0;
  #gaps = 0;
  #misspoken = 0;
  #welcomedAt = 0;
  /** When the oldest ping was sent that nothing has answered. @type {number|null} */ #askedAt = null;
  #welcomed = false;
  #closed = false;
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #retry;
  /** @type {ReturnType<typeof setInterval>|undefined} */ #beat;

  /** Seq of the last event told; null before the first. @type {number|null} */
  cursor = null;
  /** When that event was: by this another log is known (one that was restored from a backup and has grown since). */
  #cursorAt = 0;

  /**
   * @param {string} url
   * @param {Listener} listener
   * @param {{WebSocket?: typeof WebSocket, now?: () => number, random?: () => number}} [edges]
   */
  constructor(url, listener, edges = {}) {
    this.url = url;
    this.listener = listener;
    this.WebSocket = edges.WebSocket ?? globalThis.WebSocket;
    this.now = edges.now ?? (() => performance.now());
    this.random = edges.random ?? Math.random;
  }

  get isOpen() {
    return this.#welcomed;
  }

  open() {
    if (this.#closed || this.#socket) return;
    clearTimeout(this.#retry);
    const after = this.cursor === null ? '' : `${this.url.includes('?') ? '&' : '?'}after=${this.cursor}${this.cursor ? `&at_ms=${this.#cursorAt}` : ''}`;
    const socket = new this.WebSocket(this.url + after, offered());
    this.#socket = socket;
    socket.onmessage = (frame) => this.#socket === socket && this.#receive(frame.data);
    socket.onclose = (event) => this.#socket === socket && this.#lost(event.code);
    this.#askedAt = this.now();
    this.#beat = setInterval(() => this.#pulse(), PING_EVERY_MS);
  }

  /** Come back now instead of after the backoff (the network is back, the page is visible again). */
  hurry() {
    this.#attempt = 0;
    if (!this.#socket) return this.open();
    if (!this.#welcomed) return;
    const socket = this.#socket;
    this.ping();
    const asked = this.#askedAt; // and not by a later ping, whose answer may be on its way
    setTimeout(() => this.#socket === socket && this.#askedAt === asked && this.#dead(), HURRY_MS);
  }

  /** Go, and come back when asked to hurry: the browser keeps the page, but it sees and hears nothing. */
  leave() {
    clearTimeout(this.#retry);
    this.#drop(1000);
  }

  close() {
    this.#closed = true;
    this.leave();
    this.#giveUp(new Refused('closed', ''));
  }

  /**
   * Send a command; resolves with its seq when durable. With `resend` it survives a reconnect: its id
   * makes the repeat harmless.
   * @param {ClientMessage} message
   * @param {{resend?: boolean, within_ms?: number}} [options]
   * @returns {Promise<number>}
   */
  request(message, { resend = false, within_ms = ANSWER_MS } = {}) {
    if (!this.#welcomed && !resend) return Promise.reject(new Refused('offline', ''));
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => this.#settle(message.id, new Refused('no_answer', '')), within_ms);
      const done = (/** @type {() => void} */ act) => (clearTimeout(late), act());
      this.#waiting.set(message.id, {
        resolve: (seq) => done(() => resolve(seq)),
        reject: (why) => done(() => reject(why)),
        message,
        resend,
      });
      if (this.#welcomed) this.#write(message);
    });
  }

  ping() {
    if (!this.#welcomed) return;
    this.#askedAt ??= this.now();
    this.#write(command('ping', { t: Math.round(this.now()) }));
  }

  /** @param {unknown} frame */
  #receive(frame) {
    this.#askedAt = null;
    /** @type {RoomEvent[]} */
    const fresh = [];
    for (const message of messagesIn(frame)) {
      if (message.type === 'event') {
        if (!this.#take(message, fresh)) break;
      } else {
        this.#tell(fresh);
        this.#answer(message);
      }
    }
    this.#tell(fresh);
  }

  /** @param {RoomEvent[]} fresh */
  #tell(fresh) {
    if (fresh.length) this.listener.events(fresh.splice(0));
  }

  /** Accept the next event; false when one is missing. @param {RoomEvent} event @param {RoomEvent[]} fresh */
  #take(event, fresh) {
    if (this.cursor !== null && event.seq <= this.cursor) return true;
    if (this.cursor !== null && event.prev !== this.cursor) return this.#gap(fresh);
    this.cursor = event.seq;
    this.#cursorAt = event.at_ms;
    this.#gaps = 0;
    fresh.push(event);
    return true;
  }

  /** One gap: ask again from the cursor. A second at the same place: the log before is gone, start anew. */
  #gap(/** @type {RoomEvent[]} */ fresh) {
    this.#tell(fresh);
    this.#gaps += 1;
    if (this.#gaps > 1) this.#begin();
    this.#drop(1000);
    this.#again();
    return false;
  }

  /** The log is another than the one that was told so far. */
  #begin() {
    this.cursor = null;
    this.#gaps = 0;
    this.listener.reset();
  }

  /** @param {ServerMessage} message */
  #answer(message) {
    switch (message.type) {
      case 'welcome':
        return this.#welcome(message);
      case 'signal':
        return this.listener.signal(message);
      case 'pong':
        return this.listener.pong(message.t, message.server_ms);
      case 'ack':
        return this.#settle(message.id, message.seq);
      case 'refused':
        return this.#settle(message.id, new Refused(message.code, message.message, message.retry_after_ms));
    }
  }

  /** @param {import('./protocol.js').Welcome} welcome */
  #welcome(welcome) {
    if (this.cursor !== null && (welcome.anew || welcome.head < this.cursor)) this.#begin();
    this.#attempt = 0;
    this.#welcomed = true;
    this.#welcomedAt = this.now();
    keep(welcome.key);
    if (this.cursor === null && welcome.head === 0) this.cursor = 0;
    this.listener.welcome(welcome);
    this.listener.status('open', 0);
    this.ping();
    for (const { message, resend } of this.#waiting.values()) if (resend) this.#write(message);
  }

  /** @param {string} id @param {number|Refused} outcome */
  #settle(id, outcome) {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    if (outcome instanceof Refused) waiting.reject(outcome);
    else waiting.resolve(outcome);
  }

  /** @param {ClientMessage} message */
  #write(message) {
    if (this.#socket?.readyState === 1) this.#socket.send(encoded(message));
  }

  #pulse() {
    // Silence alone tells nothing: the timers of a hidden page come once a minute, and so do its pings.
    if (this.#askedAt !== null && this.now() - this.#askedAt > SILENCE_MS) return this.#dead();
    this.ping();
  }

  #dead() {
    this.#drop(1000);
    this.#again();
  }

  /** @param {number} code */
  #lost(code) {
    this.#drop(code);
    if (code === CLOSE.forbidden) {
      this.close();
      return this.listener.status('refused', code);
    }
    if (MISSPOKE.includes(code)) this.#misspoke();
    this.#again(code);
  }

  /** Come back later each time; what waits is said once more, and then no more, for it may be what was not understood. */
  #misspoke() {
    if (this.now() - this.#welcomedAt > CALM_MS) this.#misspoken = 0;
    this.#misspoken += 1;
    this.#attempt = Math.max(this.#attempt, 2 * this.#misspoken);
    if (this.#misspoken > 1) this.#giveUp(new Refused('bad_message', ''));
  }

  /** @param {Refused} why */
  #giveUp(why) {
    for (const id of [...this.#waiting.keys()]) this.#settle(id, why);
  }

  #again(code = 1006) {
    if (this.#closed) return;
    this.listener.status('closed', code);
    this.#retry = setTimeout(() => this.open(), backoff(this.#attempt++, this.random()));
  }

  /** @param {number} code */
  #drop(code) {
    const socket = this.#socket;
    this.#socket = null;
    this.#welcomed = false;
    clearInterval(this.#beat);
    if (socket && socket.readyState <= 1) socket.close(code === 1000 ? 1000 : undefined);
    for (const [id, waiting] of this.#waiting) {
      if (!waiting.resend) this.#settle(id, new Refused('offline', ''));
    }
  }
}

/** A whole session over fakes of its edges: the socket, the microphone, the ways, the sound and the time. */
import '../../../static/js/lib/words-refused.js';
import { FakeDevices, FakePlayer } from './devices.js';
import { FakeSocket } from './fake-socket.js';
import { FakeTimers } from './timers.js';

export const anna = { id: 'anna', name: 'Calm Teapot', colour: '#aabbcc' };
export const ROOM = /** @type {any} */ ({
  kind: 'wonder', name: 'X', theme: '', description: '', language: 'en', tempo: 'snap', round: null, longest_clip_ms: 7_000, scored: false, closed: false,
});

/** The page around the session. */
class FakeConnection {
  close() {}
}
export const page = { hidden: true, title: '', addEventListener() {} };
Object.assign(globalThis, {
  WebSocket: FakeSocket, RTCPeerConnection: FakeConnection, document: page, location: new URL('http://here/r/x'),
  addEventListener() {}, requestAnimationFrame: (/** @type {() => void} */ paint) => setTimeout(paint, 16), fetch: async () => new Response(null, { status: 204 }),
});
const { Session } = await import('../../../static/js/session/session.js');

/** Let all promises that can settle do so. */
export async function settled() {
  for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

export class Visit {
  timers = new FakeTimers().install();
  seq = 0;
  heard = 0;
  player = new FakePlayer();
  /** @type {any[]} peers of the radio that were asked for, as promises a test settles */ radios = [];
  /** @type {Set<string>} peers whose take is open at the server */ open = new Set();
  /** @type {string[]} how takes ended at the server */ takes = [];
  /** Commands that the server never answers. @type {Set<string>} */ unanswered = new Set();
  /** Which codes of refusal wait for which commands. @type {Record<string, string>} */ refusals = {};

  /** @param {{query?: string, waits?: boolean, room?: object, offset_ms?: number, screen?: boolean}} [options] */
  constructor({ query = '', waits = false, room = {}, offset_ms = 0, screen = false } = {}) {
    FakeSocket.all = [];
    page.hidden = true;
    this.room = { ...ROOM, ...room };
    this.offset_ms = offset_ms;
    this.devices = new FakeDevices({ waits });
    this.devices.closed = (peer) => this.open.delete(peer) && this.takes.push(peer);
    this.session = new Session('x', /** @type {any} */ ({}), new URLSearchParams(query), {
      screen,
      speaking: () => this.devices.speaking(),
      player: /** @type {any} */ (this.player),
      now: () => this.now_ms,
      connect: (_room, heard) => new Promise((resolve, reject) => this.radios.push({ resolve, reject, heard })),
    });
  }

  get model() {
    return this.session.model;
  }

  /** @returns {string[]} */
  get notices() {
    return this.model.notices.map(({ code, values }) => (code === 'refused' ? (values?.code ?? '') : code));
  }

  get socket() {
    return FakeSocket.last;
  }

  get now_ms() {
    return this.timers.now_ms;
  }

  get server_ms() {
    return this.now_ms + this.offset_ms;
  }

  /** Open the page and come in. @param {boolean} [playing] */
  async enter(playing = false) {
    this.session.open();
    this.welcome();
    this.session.join(playing);
    await settled();
    await this.serve();
    return this;
  }

  /** @param {object} [more] */
  welcome(more = {}) {
    this.heard = 0;
    this.socket.says({ type: 'welcome', protocol: 1, room: this.room, you: anna, head: this.seq, server_ms: this.server_ms, ...more });
  }

  /** Answer what the page has asked so far, as a server does. */
  async serve() {
    for (let quiet = 0; quiet < 2; quiet += 1) {
      await settled();
      while (this.heard < this.socket.sent.length) {
        this.answer(this.socket.sent[this.heard++]);
        quiet = 0;
        await settled();
      }
    }
  }

  /** Answer one message. @param {any} message */
  answer({ type, id, peer, t }) {
    if (type === 'ping') return this.socket.says({ type: 'pong', t, server_ms: this.server_ms });
    if (this.unanswered.has(type)) return;
    const taken = this.#take(type, peer);
    const code = this.refusals[type] ?? taken;
    if (code) this.socket.says({ type: 'refused', id, code, message: '' });
    else this.socket.says({ type: 'ack', id, seq: (this.seq += type === 'speak.stop' ? 1 : 0) });
  }

  /** Do what a message asks for, without an answer. @param {any} message */
  carryOut({ type, peer }) {
    this.#take(type, peer);
  }

  /** Begin or end a take; gives the code of a refusal. @param {string} type @param {string} peer */
  #take(type, peer) {
    if (type === 'speak.start' && peer) {
      if (!this.devices.peers.find(({ id }) => id === peer)?.isKnown) return 'no_such_peer';
      if (this.open.has(peer)) return 'speaking_already';
      if (!this.refusals[type]) this.open.add(peer);
    }
    if (type === 'speak.stop') {
      if (!this.open.delete(peer)) return 'not_speaking';
      this.takes.push(peer);
    }
    return '';
  }

  /** @param {string} kind @param {any} data @param {any} [by] */
  event(kind, data, by = anna) {
    this.seq += 1;
    this.socket.says({ type: 'event', seq: this.seq, prev: this.seq - 1, at_ms: this.server_ms, by, kind, data });
  }

  /** @param {string} kind @param {any} data */
  signal(kind, data) {
    this.socket.says({ type: 'signal', kind, data });
  }

  /** Let time go by, and answer what is asked meanwhile. @param {number} ms @param {boolean} [served] */
  async pass(ms, served = true) {
    const until_ms = this.now_ms + ms;
    do {
      await settled();
      if (served) await this.serve();
    } while (this.timers.step(until_ms));
    await settled();
    if (served) await this.serve();
  }

  /** The connection goes, and comes back when the page has asked for it. @param {number} [code] */
  async lose(code = 1006) {
    this.socket.goes(code);
    await settled();
  }

  /** @param {object} [more] of the welcome */
  async back(more = {}) {
    while (this.socket.readyState !== 0) await this.pass(50, false);
    this.welcome(more);
    await this.serve();
  }

  /** Press the talk button, or let it go. @param {'start'|'stop'} command */
  async talk(command) {
    this.session.talk(command);
    await this.serve();
  }

  /** Which commands were sent over all connections. @param {string} type */
  asked(type) {
    return FakeSocket.all.flatMap(({ sent }) => sent).filter((message) => message.type === type);
  }
}

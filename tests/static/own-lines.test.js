import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Clock } from '../../static/js/room/clock.js';
import { Inbox } from '../../static/js/stage/inbox.js';
import { BLANK } from '../../static/js/stage/model.js';
import { Session } from '../../static/js/stage/session.js';
import { linesOf } from '../../static/js/views/chat-lines.js';
import { LONGEST_MS } from '../../static/js/wire/backoff.js';
import { FakeSocket } from './support/fake-socket.js';

const anna = { id: 'anna', name: 'Calm Teapot', colour: '#aabbcc' };
const ROOM = { kind: 'wonder', name: 'X', theme: '', description: '', language: 'en', tempo: 'snap', round: null };
const RUNS = 60;
const STEPS = 80;

/** Chance that is the same at each run (mulberry32). @param {number} seed */
function chances(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let x = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The room: a log, and what each id of the voice became. Each connection brings frames in order, as late as it likes. */
class Room {
  /** @type {any[]} */ log = [];
  /** @type {Map<string, number>} */ known = new Map();
  /** @type {Map<FakeSocket, {heard: number, told: number, out: any[][]}>} */ lines = new Map();

  /** @param {FakeSocket} socket */
  welcome(socket) {
    const after = Number(new URL(socket.url).searchParams.get('after') ?? 0);
    const head = this.log.length;
    this.lines.set(socket, { heard: 0, told: head, out: [[{ type: 'welcome', protocol: 1, room: ROOM, you: anna, head, server_ms: 0 }], this.log.slice(after)] });
  }

  /** Take the next message of a connection: events go to all, then the answer, in frames of their own. @param {FakeSocket} socket @param {boolean} ackFirst */
  hear(socket, ackFirst) {
    const line = /** @type {any} */ (this.lines.get(socket));
    const message = socket.sent[line.heard];
    if (!message) return false;
    line.heard += 1;
    if (message.type !== 'say') return true;
    const answer = () => line.out.push([{ type: 'ack', id: message.id, seq: this.known.get(message.id) }]);
    const isNew = !this.known.has(message.id);
    if (isNew) this.known.set(message.id, this.log.length + 1);
    if (ackFirst) answer();
    if (isNew) this.#store(message.text);
    if (!ackFirst) answer();
    return true;
  }

  /** @param {string} text */
  #store(text) {
    const seq = this.log.length + 1;
    const event = { type: 'event', seq, prev: seq - 1, at_ms: seq, by: anna, kind: 'text.said', data: { text } };
    this.log.push(event);
    for (const line of this.lines.values()) line.out.push([event]);
  }

  /** Deliver the next frame of a connection. @param {FakeSocket} socket */
  deliver(socket) {
    const frame = this.lines.get(socket)?.out.shift();
    if (frame?.length) socket.says(...frame);
    return Boolean(frame);
  }
}

/** One tab of the voice: the page's own socket, fold and list of lines on their way, without its views. */
class Tab {
  /** @type {Set<string>} */ said = new Set();

  /** @param {string} name */
  constructor(name) {
    this.name = name;
    const session = (this.session = /** @type {any} */ ({
      id: 'x', model: { ...BLANK, joined: true }, clock: new Clock(() => 0), turns: { plan() {} }, speaker: { ended() {} }, listener: { again() {} },
      set: (/** @type {any} */ changes) => (session.model = { ...session.model, ...changes }),
      settle: Session.prototype.settle, here() {}, clear() {}, notice() {}, passing() {}, offerUndo() {},
    }));
    session.inbox = this.inbox = new Inbox(session);
    this.inbox.socket.open();
  }

  say() {
    const text = `${this.name}${this.said.size}`;
    this.said.add(text);
    Session.prototype.say.call(this.session, text);
  }

  /** @returns {string[]} */
  get lines() {
    return linesOf(this.session.model).map(({ text }) => text);
  }
}

/** @param {number} seed */
async function run(seed) {
  const chance = chances(seed);
  const any = (/** @type {number} */ n) => Math.floor(chance() * n);
  FakeSocket.all = [];
  const room = new Room();
  const tabs = ['a', 'b'].map((name) => {
    const tab = new Tab(name);
    return { tab, socket: FakeSocket.last };
  });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const look = (/** @type {string} */ what) => {
    for (const { tab } of tabs) {
      const { lines } = tab;
      assert.equal(new Set(lines).size, lines.length, `seed ${seed}, ${what}: ${lines}`);
      for (const text of tab.said) assert.ok(lines.includes(text), `seed ${seed}, ${what}: ${text} is not in ${lines}`);
    }
  };
  const steps = {
    say: (/** @type {any} */ { tab }) => tab.said.size < 5 && tab.say(),
    welcome: (/** @type {any} */ { socket }) => room.lines.has(socket) || room.welcome(socket),
    hear: (/** @type {any} */ { socket }) => room.lines.has(socket) && room.hear(socket, chance() < 0.3),
    deliver: (/** @type {any} */ { socket }) => room.deliver(socket),
    lose: (/** @type {any} */ one) => {
      if (chance() < 0.8) return;
      const { socket } = one;
      room.lines.delete(socket); // with all that was on its way, in both directions
      socket.goes(1006);
      mock.timers.tick(LONGEST_MS);
      one.socket = FakeSocket.last;
    },
  };
  const names = /** @type {(keyof typeof steps)[]} */ (Object.keys(steps));
  for (let step = 0; step < STEPS; step += 1) {
    const what = names[any(names.length)];
    steps[what](tabs[any(2)]);
    await settled();
    look(what);
  }
  for (let quiet = 0; quiet < 3; quiet += 1) {
    for (const one of tabs) {
      steps.welcome(one);
      while (room.deliver(one.socket) || room.hear(one.socket, false)) await settled();
    }
    look('the end');
  }
  const log = room.log.map(({ data }) => data.text);
  for (const { tab } of tabs) assert.deepEqual([tab.lines, tab.session.model.pending], [log, []], `seed ${seed}`);
  for (const { tab } of tabs) tab.inbox.socket.close();
  assert.equal(log.length, tabs[0].tab.said.size + tabs[1].tab.said.size);
}

test('two tabs of one voice show each line once, whatever is late, lost and sent again', async () => {
  const fetch = () => Promise.reject(new Error('nobody is asked'));
  Object.assign(globalThis, { WebSocket: FakeSocket, fetch, location: new URL('http://here/r/x') });
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });

  for (let seed = 1; seed <= RUNS; seed += 1) await run(seed);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linesOf } from '../../../static/js/views/chat-lines.js';
import { LONGEST_MS } from '../../../static/js/wire/backoff.js';
import { chances } from '../support/chances.js';
import { FakePlayer } from '../support/devices.js';
import { FakeSocket } from '../support/fake-socket.js';
import { FakeTimers } from '../support/timers.js';
import { anna, ROOM, settled } from '../support/visit.js';

const { Session } = await import('../../../static/js/session/session.js');
const RUNS = 60;
const STEPS = 80;

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

/** One tab of the voice: a session without its views. */
class Tab {
  /** @type {Set<string>} */ said = new Set();

  /** @param {string} name */
  constructor(name) {
    this.name = name;
    const edges = { player: /** @type {any} */ (new FakePlayer()), now: () => 0 };
    this.session = new Session('x', /** @type {any} */ ({}), new URLSearchParams('rtc=off'), edges);
    this.session.open();
  }

  say() {
    const text = `${this.name}${this.said.size}`;
    this.said.add(text);
    this.session.lines.say(text);
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
  const timers = new FakeTimers().install();
  const room = new Room();
  const tabs = ['a', 'b'].map((name) => {
    const tab = new Tab(name);
    return { tab, socket: FakeSocket.last };
  });
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
      for (const until_ms = timers.now_ms + LONGEST_MS; timers.step(until_ms); );
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
  for (const { tab } of tabs) tab.session.socket.close();
  assert.equal(log.length, tabs[0].tab.said.size + tabs[1].tab.said.size);
}

test('two tabs of one voice show each line once, whatever is late, lost and sent again', async () => {
  for (let seed = 1; seed <= RUNS; seed += 1) await run(seed);
});

/** A room's socket over fake ones, and all that its listener is told. */
import { beforeEach, mock } from 'node:test';
import { RoomSocket } from '../../../static/js/wire/socket.js';
import { FakeSocket } from './fake-socket.js';

export const WELCOME = { type: 'welcome', protocol: 1, room: {}, you: { id: 'v' }, head: 3, server_ms: 5 };
/** What the page's clock shows. */
export const clock = { now_ms: 0 };

/** @param {number} seq @param {number} [prev] */
export const event = (seq, prev = seq - 1) => ({ type: 'event', seq, prev, at_ms: 1, by: null, kind: 'text.said', data: { text: 'x' } });

export function opened() {
  /** @type {any[]} */
  const told = [];
  const listener = {
    welcome: () => told.push('welcome'),
    events: (/** @type {any[]} */ events) => told.push(events.map((one) => one.seq)),
    signal: (/** @type {any} */ signal) => told.push(signal.kind),
    pong: () => told.push('pong'),
    status: (/** @type {string} */ status, /** @type {number} */ code) => told.push(`${status} ${code}`),
    reset: () => told.push('reset'),
  };
  const edges = { WebSocket: /** @type {any} */ (FakeSocket), now: () => clock.now_ms, random: () => 0 };
  const socket = new RoomSocket('ws://here/ws', listener, edges);
  socket.open();
  return { socket, told };
}

beforeEach(() => {
  FakeSocket.all = [];
  clock.now_ms = 0;
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
});

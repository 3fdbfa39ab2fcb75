/**
 * Presses, dialogs, answers, losses and timers in any order, by seeds: whatever happens, nothing goes on being heard that
 * the page does not show, and the next press works.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chances } from '../support/chances.js';
import { settled, Visit } from '../support/visit.js';

const SEEDS = Number(process.env.SEEDS ?? 150);
const STEPS = 60;
const REST_MS = 61_000; // a microphone is given back by then
const OPENED = { round: 'r', game: 'g', tempo: 'snap', prompt: null, players: [] };

/** What may happen next. Each step tells what it did, '' when it could not. @type {Record<string, (visit: Visit, any: (n: number) => number) => string|Promise<string>>} */
const STEPS_THERE_ARE = {
  start: (visit) => (visit.session.talk('start'), 'start'),
  stop: (visit) => (visit.session.talk('stop'), 'stop'),
  play: (visit, any) => (visit.session.play(any(2) === 0), 'play'),
  allow: ({ devices: { microphone } }) => (microphone?.asked ? (microphone.allow(), 'allow') : ''),
  refuse: ({ devices: { microphone } }, any) => (any(3) === 0 && microphone?.asked ? (microphone.refuse(), 'refuse') : ''),
  unplug: ({ devices: { microphone } }, any) => (any(4) === 0 && microphone?.track ? (microphone.unplug(), 'unplug') : ''),
  answer: (visit) => hear(visit) || '',
  answerToo: (visit) => hear(visit) || '',
  wait: (visit, any) => (visit.timers.step(visit.now_ms + any(800)), 'wait'),
  lose: async (visit, any) => {
    if (any(5) !== 0 || visit.socket.readyState !== 1) return '';
    const isHeard = any(2) === 0 && visit.heard < visit.socket.sent.length;
    if (isHeard) visit.carryOut(visit.socket.sent[visit.heard]); // the server did it, and its answer is lost
    await visit.lose();
    return isHeard ? 'lose answer' : 'lose';
  },
  back: (visit) => (visit.socket.readyState === 0 ? (visit.welcome(), 'back') : ''),
  restart: async (visit, any) => {
    if (any(8) !== 0 || visit.socket.readyState !== 1) return '';
    for (const peer of visit.devices.peers) peer.isKnown = false;
    visit.open.clear();
    await visit.lose();
    return 'restart';
  },
  loseWay: ({ devices, open }, any) => {
    const peer = devices.peers.at(-1);
    if (any(5) !== 0 || !peer?.isUp) return '';
    peer.isUp = peer.isKnown = false;
    open.delete(peer.id);
    peer.lost();
    return 'lose way';
  },
  checked: ({ devices }) => {
    const peer = devices.peers.find(({ checked }) => checked);
    if (!peer) return '';
    peer.checked?.resolve(undefined);
    peer.checked = null;
    return 'checked';
  },
  cut: (visit, any) => {
    const [peer] = visit.open;
    if (any(4) !== 0 || !peer || visit.socket.readyState !== 1) return '';
    visit.open.delete(peer);
    visit.signal('take', { peer, state: 'cut' });
    return 'cut';
  },
  block: ({ devices }, any) => {
    if (any(5) !== 0) return '';
    devices.blocked = devices.blocked ? null : new Error('busy');
    return 'block';
  },
  turn: (visit, any) => {
    if (any(3) !== 0 || visit.socket.readyState !== 1) return '';
    const go_at_ms = visit.server_ms + any(3_000);
    visit.event('turn.given', { round: 'r', turn: visit.seq, prompt: '', go_at_ms, closes_at_ms: go_at_ms + any(4_000), voice: null });
    return 'turn';
  },
};

/** Answer the next message. @param {Visit} visit */
function hear(visit) {
  const message = visit.socket.sent[visit.heard];
  if (!message || visit.socket.readyState !== 1) return '';
  visit.heard += 1;
  visit.answer(message);
  return `answer ${message.type}`;
}

/** What holds whenever all promises have settled. @param {Visit} visit @param {string} story */
function look({ session, model, devices, socket, heard, open }, story) {
  const { here } = session.speaking;
  assert.equal(model.speaking, here?.speaker.state ?? 'off', story);
  assert.ok(open.size <= 1, `${story}: ${[...open]} are open at once`);
  if (model.speaking === 'live') assert.ok(devices.microphone.track, `${story}: live without a microphone`);
  const isQuiet = socket.readyState === 1 && socket.sent.length === heard;
  const peer = devices.peers.find(({ id }) => id === here?.route.peer);
  if (isQuiet && model.speaking === 'live' && here?.route.kind === 'webrtc') assert.ok(peer && (open.has(peer.id) || !peer.isKnown), `${story}: live, and the server does not know`);
  if (isQuiet && (model.speaking === 'ready' || model.speaking === 'off')) assert.equal(open.size, 0, `${story}: a take goes on that the page does not show`);
}

/** Let everything come to rest, with a server that answers. @param {Visit} visit */
async function rest(visit) {
  visit.devices.blocked = null;
  visit.session.talk('stop');
  visit.session.play(false);
  await settled();
  visit.devices.microphone?.allow();
  for (const peer of visit.devices.peers) peer.checked?.resolve(undefined);
  if (visit.socket.readyState !== 1) await visit.back();
  await visit.serve();
  await visit.pass(REST_MS);
}

/** @param {number} seed */
async function run(seed) {
  const chance = chances(seed);
  const any = (/** @type {number} */ n) => Math.floor(chance() * n);
  const visit = await new Visit({ waits: any(2) === 0, query: any(5) === 0 ? 'rtc=off' : '' }).enter(any(2) === 0);
  visit.event('round.opened', OPENED);
  const names = Object.keys(STEPS_THERE_ARE);
  let story = `seed ${seed}`;
  for (let step = 0; step < STEPS; step += 1) {
    const did = await STEPS_THERE_ARE[names[any(names.length)]](visit, any);
    await settled();
    if (did) story += `, ${did}`;
    look(visit, story);
  }

  await rest(visit);
  assert.deepEqual([[...visit.open], visit.devices.recording], [[], false], story);
  assert.ok(['off', 'ready'].includes(visit.model.speaking), `${story}: ${visit.model.speaking} for ever`);
  assert.equal(visit.devices.microphone?.track ?? null, null, `${story}: the microphone is open for ever`);

  await visit.talk('start');
  visit.devices.microphone.allow();
  await visit.serve();
  assert.equal(visit.model.speaking, 'live', `${story}: the next press does nothing`);
  await visit.talk('stop');
  assert.equal(visit.model.speaking, 'ready', story);
  visit.session.socket.close();
}

test('whatever comes in whatever order, nothing is heard that is not shown, and the next press works', async () => {
  for (let seed = 1; seed <= SEEDS; seed += 1) await run(seed);
});

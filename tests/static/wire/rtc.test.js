import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect, CONNECT_MS, LOST_MS, Unreachable } from '../../../static/js/wire/rtc.js';
import { Refused } from '../../../static/js/wire/protocol.js';
import { FakeTimers } from '../support/timers.js';
import { settled } from '../support/visit.js';

class FakePeerConnection extends EventTarget {
  /** @type {FakePeerConnection} */ static last;
  connectionState = 'new';
  localDescription = { sdp: 'offer' };
  answer = '';

  constructor() {
    super();
    FakePeerConnection.last = this;
  }

  async createOffer() {
    return { type: 'offer', sdp: 'offer' };
  }

  async setLocalDescription() {}

  /** @param {{sdp: string}} answer */
  async setRemoteDescription({ sdp }) {
    this.answer = sdp;
  }

  close() {
    this.connectionState = 'closed';
  }

  /** @param {string} state */
  becomes(state) {
    this.connectionState = state;
    this.dispatchEvent(new Event('connectionstatechange'));
  }
}

/** Offers to a server that answers so; tells what it was asked. @param {Response} response */
async function offering(response) {
  const timers = new FakeTimers().install();
  /** @type {string[]} */
  const asked = [];
  const fetched = async (/** @type {string} */ url, /** @type {any} */ { method }) => {
    asked.push(`${method} ${url}`);
    return new Response(null, { status: 404 });
  };
  Object.assign(globalThis, { RTCPeerConnection: FakePeerConnection, fetch: fetched });
  Object.defineProperty(response, 'url', { value: 'http://here/api/rooms/x/whip' });
  const peer = connect('/api/rooms/x/whip', () => {}, async () => response);
  peer.catch(() => {});
  await settled();
  return { peer, asked, timers, pc: FakePeerConnection.last };
}

const created = () => new Response('answer', { status: 201, headers: { Location: '/api/rooms/x/whip/p1' } });

/** A peer that stands. */
async function standing() {
  const offered = await offering(created());
  offered.pc.becomes('connected');
  return { ...offered, peer: await offered.peer };
}

test('an offer that is answered is a peer as soon as media can flow', async () => {
  const { peer, pc } = await standing();

  assert.deepEqual([peer.id, peer.isUp, pc.answer], ['p1', true, 'answer']);
});

test('a server that refuses says why, and the connection is let go', async () => {
  const { peer, pc, asked } = await offering(Response.json({ code: 'busy', detail: 'Full.' }, { status: 503 }));

  await assert.rejects(peer, (why) => why instanceof Refused && why.code === 'busy');
  assert.deepEqual([pc.connectionState, asked], ['closed', []]);
});

for (const state of ['failed', 'closed', 'connecting']) {
  test(`a way that is ${state} is none, and the session at the server is ended`, async () => {
    const { peer, pc, asked, timers } = await offering(created());
    pc.becomes(state);
    timers.step(CONNECT_MS);

    await assert.rejects(peer, (why) => why instanceof Unreachable);
    assert.deepEqual(asked, ['DELETE http://here/api/rooms/x/whip/p1']);
    assert.equal(timers.size, 0);
  });
}

test('a peer that is disconnected may come back, and is lost when it does not', async () => {
  const { peer, pc, timers } = await standing();
  let lost = 0;
  peer.lost = () => void (lost += 1);
  pc.becomes('disconnected');
  pc.becomes('connected');
  timers.step(timers.now_ms + LOST_MS);
  assert.deepEqual([lost, peer.isUp], [0, true]);
  pc.becomes('disconnected');
  timers.step(timers.now_ms + LOST_MS);
  pc.becomes('failed');

  assert.deepEqual([lost, peer.isUp], [1, false]);
});

test('a peer that is closed is not lost, and closing twice ends it once', async () => {
  const { peer, pc, asked } = await standing();
  peer.lost = () => assert.fail('it was closed by us');
  peer.close();
  peer.close();
  pc.becomes('failed');

  assert.deepEqual(asked, ['DELETE http://here/api/rooms/x/whip/p1']);
});

test('a server that was restarted has the peer no more; one that does not answer may have it', async () => {
  const { peer, asked } = await standing();
  assert.equal(await peer.isForgotten(), true);
  assert.deepEqual(asked, ['PATCH http://here/api/rooms/x/whip/p1']);
  globalThis.fetch = async () => new Response(null, { status: 204 });
  assert.equal(await peer.isForgotten(), false);
  globalThis.fetch = () => Promise.reject(new TypeError('no network'));
  assert.equal(await peer.isForgotten(), false);
});

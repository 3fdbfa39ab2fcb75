/** One WebRTC peer over one HTTP exchange: what WHIP and WHEP have in common. */
import { bearer } from './key.js';
import { problemOf } from './protocol.js';

export const CONNECT_MS = 3_300; // with the post before it: files take over within 4 s when UDP is blocked
export const LOST_MS = 3_000; // a disconnected peer may come back for so long

/** UDP does not reach the server. */
export class Unreachable extends Error {}

/** Some browsers are built without WebRTC, and in others it is switched off: then there is no peer to be had. */
export function hasLiveSound() {
  try {
    new RTCPeerConnection().close();
    return true;
  } catch {
    return false;
  }
}

/**
 * Offer, post, take the answer, and wait until media can flow.
 * @param {string} url
 * @param {(pc: RTCPeerConnection) => void} prepare adds the one audio transceiver
 * @param {typeof fetch} [post]
 */
export async function connect(url, prepare, post = fetch) {
  const pc = new RTCPeerConnection({ iceServers: [], bundlePolicy: 'max-bundle' });
  let location = '';
  try {
    prepare(pc);
    await pc.setLocalDescription(await pc.createOffer());
    // The server is ICE-lite and never uses our candidates, so there is nothing to gather for.
    const response = await post(url, {
      method: 'POST',
      headers: { ...bearer(), 'Content-Type': 'application/sdp' },
      body: pc.localDescription?.sdp ?? '',
    });
    if (response.status !== 201) throw await problemOf(response);
    location = new URL(response.headers.get('Location') ?? '', response.url).href;
    await pc.setRemoteDescription({ type: 'answer', sdp: await response.text() });
    await connected(pc);
    return new Peer(pc, location);
  } catch (why) {
    new Peer(pc, location).close();
    throw why;
  }
}

/** @param {RTCPeerConnection} pc */
function connected(pc) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Unreachable('no path in time')), CONNECT_MS);
    const look = () => {
      if (pc.connectionState === 'connected') return clearTimeout(late), resolve(undefined);
      if (pc.connectionState === 'failed' || pc.connectionState === 'closed') {
        clearTimeout(late);
        reject(new Unreachable(pc.connectionState));
      }
    };
    pc.addEventListener('connectionstatechange', look);
    look();
  });
}

export class Peer {
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #late;
  #ended = false;

  /** @param {RTCPeerConnection} pc @param {string} location */
  constructor(pc, location) {
    this.pc = pc;
    this.location = location;
    /** Called once when the peer is lost (not when it is closed by us). @type {() => void} */
    this.lost = () => {};
    pc.addEventListener('connectionstatechange', () => this.#watch());
  }

  /** The peer's id: the last segment of its Location. */
  get id() {
    return new URL(this.location).pathname.split('/').pop() ?? '';
  }

  get isUp() {
    return !this.#ended && this.pc.connectionState === 'connected';
  }

  /** Whether the server has let go of it without a word, for it was restarted. */
  async isForgotten() {
    const headers = { ...bearer(), 'Content-Type': 'application/trickle-ice-sdpfrag' };
    const response = await fetch(this.location, { method: 'PATCH', headers }).catch(() => null);
    return response?.status === 404;
  }

  close() {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#late);
    this.pc.close();
    if (this.location) fetch(this.location, { method: 'DELETE', keepalive: true }).catch(() => {});
  }

  #watch() {
    clearTimeout(this.#late);
    if (this.pc.connectionState === 'failed') this.#giveUp();
    if (this.pc.connectionState === 'disconnected') this.#late = setTimeout(() => this.#giveUp(), LOST_MS);
  }

  #giveUp() {
    if (this.#ended) return;
    this.close();
    this.lost();
  }
}

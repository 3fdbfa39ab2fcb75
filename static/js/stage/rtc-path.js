/** The way of a voice by WebRTC: one WHIP peer, kept open; takes are cut on the socket. */
import { command } from '../wire/protocol.js';
import { feed, flowing, packetsSent, publish } from '../wire/whip.js';

const LANDS_WITHIN_MS = 20_000;

/** @typedef {(message: import('../wire/protocol.js').ClientMessage, options?: object) => Promise<number>} Request */

export class RtcPath {
  kind = /** @type {const} */ ('webrtc');
  /** @type {import('../wire/rtc.js').Peer|null} */ #peer = null;

  /** @param {string} room @param {Request} request @param {() => void} lost */
  constructor(room, request, lost) {
    this.room = room;
    this.request = request;
    this.lost = lost;
  }

  get peer() {
    return this.#peer?.id ?? '';
  }

  /** Be ready to send this microphone. Throws `Unreachable` when UDP does not get through. @param {MediaStream} stream */
  async warm(stream) {
    const track = stream.getAudioTracks()[0];
    if (!this.#peer?.isUp) return this.#connect(track);
    const before = await packetsSent(this.#peer);
    const isNew = await feed(this.#peer, track);
    if (isNew) await flowing(this.#peer, before);
  }

  /** @param {string|undefined} round */
  async begin(round) {
    await this.request(command('speak.start', { peer: this.peer, ...(round && { round }) }));
  }

  /** End the take; resolves when its clip is stored, throws `Refused` when there is none. @param {number|null} reaction_ms */
  async end(reaction_ms) {
    const claim = { peer: this.peer, ...(reaction_ms !== null && { onset_ms: Math.round(reaction_ms) }) };
    await this.request(command('speak.stop', claim), { within_ms: LANDS_WITHIN_MS });
  }

  /** Send nothing, but keep the way open. */
  async rest() {
    if (this.#peer?.isUp) await feed(this.#peer, null);
  }

  close() {
    this.#peer?.close();
    this.#peer = null;
  }

  /** @param {MediaStreamTrack} track */
  async #connect(track) {
    this.#peer?.close();
    this.#peer = await publish(this.room, track);
    this.#peer.lost = this.lost;
    await flowing(this.#peer);
  }
}

/** The way of a voice by WebRTC: one WHIP peer, kept open; takes are cut on the socket. */
import { command, Refused } from '../wire/protocol.js';
import * as WHIP from '../wire/whip.js';

const LANDS_WITHIN_MS = 20_000;

export class RtcPath {
  kind = /** @type {const} */ ('webrtc');
  /** @type {import('../wire/rtc.js').Peer|null} */ #peer = null;

  /** @param {string} room @param {import('./model.js').Request} request @param {() => void} lost @param {Pick<typeof WHIP, 'publish'|'feed'|'flowing'|'packetsSent'>} [whip] */
  constructor(room, request, lost, whip = WHIP) {
    this.room = room;
    this.request = request;
    this.lost = lost;
    this.whip = whip;
  }

  get peer() {
    return this.#peer?.id ?? '';
  }

  /** Be ready to send this microphone. Throws `Unreachable` when UDP does not get through. @param {MediaStream} stream */
  async prepare(stream) {
    const track = stream.getAudioTracks()[0];
    if (!this.#peer?.isUp) return this.#connect(track);
    const before = await this.whip.packetsSent(this.#peer);
    const isNew = await this.whip.feed(this.#peer, track);
    if (isNew) await this.whip.flowing(this.#peer, before);
  }

  /** @param {string|undefined} round */
  async begin(round) {
    if (!this.#peer) throw new Refused('no_such_peer', ''); // it was closed since, for nobody knew whether its last take had ended
    await this.request(command('speak.start', { peer: this.peer, ...(round && { round }) }));
  }

  /** End the take; resolves when its clip is stored, throws `Refused` when there is none. @param {number|null} reaction_ms */
  async end(reaction_ms) {
    const claim = { peer: this.peer, ...(reaction_ms !== null && { onset_ms: Math.round(reaction_ms) }) };
    await this.request(command('speak.stop', claim), { resend: true, within_ms: LANDS_WITHIN_MS }); // else the take would go on
  }

  /** Whether the server has this peer no more, for it was restarted. */
  async isForgotten() {
    const peer = this.#peer;
    return Boolean(await peer?.isForgotten()) && peer === this.#peer; // and not another by now
  }

  /** Send nothing, but keep the way open. */
  async release() {
    if (this.#peer?.isUp) await this.whip.feed(this.#peer, null);
  }

  close() {
    this.#peer?.close();
    this.#peer = null;
  }

  /** @param {MediaStreamTrack} track */
  async #connect(track) {
    this.#peer?.close();
    this.#peer = await this.whip.publish(this.room, track);
    this.#peer.lost = this.lost;
    await this.whip.flowing(this.#peer);
  }
}

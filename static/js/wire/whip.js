/** Publishing one microphone by WHIP (RFC 9725); takes are cut by commands on the socket. */
import { connect } from './rtc.js';

const PACKETS_EVERY_MS = 30;
const PACKETS_WITHIN_MS = 1_500;

/**
 * Open the way for a track; it stays open for many takes.
 * @param {string} room
 * @param {MediaStreamTrack} track
 */
export function publish(room, track) {
  return connect(`/api/rooms/${encodeURIComponent(room)}/whip?takes=commanded`, (pc) => {
    pc.addTransceiver(track, { direction: 'sendonly' });
  });
}

/**
 * Put another track, or none, on an open peer (iOS closes its microphone between rounds); tells
 * whether it was another.
 * @param {import('./rtc.js').Peer} peer
 * @param {MediaStreamTrack|null} track
 */
export async function feed(peer, track) {
  const sender = peer.pc.getSenders()[0];
  if (!sender || sender.track === track) return false;
  await sender.replaceTrack(track);
  return true;
}

/**
 * Resolve with true when packets of the microphone really leave, beyond those sent before.
 * @param {import('./rtc.js').Peer} peer
 * @param {number} [before]
 */
export async function flowing(peer, before = 0) {
  for (let waited = 0; waited < PACKETS_WITHIN_MS; waited += PACKETS_EVERY_MS) {
    if ((await packetsSent(peer)) > before) return true;
    await new Promise((resolve) => setTimeout(resolve, PACKETS_EVERY_MS));
  }
  return false;
}

/** @param {import('./rtc.js').Peer} peer @returns {Promise<number>} */
export async function packetsSent(peer) {
  let sent = 0;
  for (const report of (await peer.pc.getStats()).values()) {
    if (report.type === 'outbound-rtp') sent += report.packetsSent ?? 0;
  }
  return sent;
}

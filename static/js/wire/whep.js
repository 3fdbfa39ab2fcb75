/** Listening to a room's radio by WHEP; never touches the microphone. */
import { watch } from './patience.js';
import { connect } from './rtc.js';

/**
 * @param {string} room
 * @param {(stream: MediaStream) => void} heard
 */
export function listen(room, heard) {
  return connect(`/api/rooms/${encodeURIComponent(room)}/whep`, (pc) => {
    watch(pc, pc.addTransceiver('audio', { direction: 'recvonly' }).receiver);
    pc.addEventListener('track', (event) => heard(event.streams[0] ?? new MediaStream([event.track])));
  });
}

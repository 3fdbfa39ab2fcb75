/** A room that was closed: the microphone and the sound go off, and there is a way to the other rooms. */
import '../lib/words-play.js';

/** @param {import('../stage/session.js').Session} session */
export function told(session) {
  if (session.model.playing) session.voice.play(false);
  session.sound(false);
  session.notice({ code: 'closed', action: () => location.assign('/') });
}

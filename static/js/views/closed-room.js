/** A room that was closed: the microphone and the sound go off, and there is a way to the other rooms. */
import '../lib/words-play.js';

/** @param {import('../session/session.js').Session} session */
export function told(session) {
  if (session.model.playing) session.play(false);
  session.sound(false);
  session.notices.tell({ code: 'closed', action: () => location.assign('/') });
}

/** The player of a clip's page, and its words that run along. Without it the browser's own is there. */
import { spokenAt } from './room/words.js';

const audio = /** @type {HTMLAudioElement} */ (document.getElementById('sound'));
const button = /** @type {HTMLButtonElement} */ (document.getElementById('play'));
const wave = /** @type {HTMLElement} */ (document.getElementById('wave'));
const spans = [.../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('#words .word'))];
const words = spans.map((span) => /** @type {import('./room/words.js').Word} */ ([span.textContent ?? '', Number(span.dataset.ms), 0]));

function show() {
  const { paused, currentTime, duration } = audio;
  button.textContent = (paused ? button.dataset.play : button.dataset.stop) ?? '';
  wave.dataset.playing = String(!paused);
  wave.style.setProperty('--part', String(duration > 0 ? currentTime / duration : 0));
  const at = paused ? -1 : spokenAt(words, currentTime * 1000);
  for (const [nth, span] of spans.entries()) span.toggleAttribute('data-now', nth === at);
  if (!paused) requestAnimationFrame(show);
}

button.addEventListener('click', () => {
  if (!audio.paused) return audio.pause();
  audio.currentTime = 0;
  return audio.play().catch(() => (audio.hidden = false)); // the browser's own says what is wrong
});
for (const event of ['play', 'pause', 'ended']) audio.addEventListener(event, show);
audio.addEventListener('error', () => (audio.hidden = false), true);
audio.hidden = true;
button.hidden = false;

/** The player of a clip's page. Without it the browser's own is there. */
const audio = /** @type {HTMLAudioElement} */ (document.getElementById('sound'));
const button = /** @type {HTMLButtonElement} */ (document.getElementById('play'));
const wave = /** @type {HTMLElement} */ (document.getElementById('wave'));

function show() {
  const { paused, currentTime, duration } = audio;
  button.textContent = (paused ? button.dataset.play : button.dataset.stop) ?? '';
  wave.dataset.playing = String(!paused);
  wave.style.setProperty('--part', String(duration > 0 ? currentTime / duration : 0));
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

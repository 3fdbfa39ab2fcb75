/** Keeps the screen on while one plays along: a phone that falls asleep takes the microphone with it. */

/** @type {WakeLockSentinel|null} */
let lock = null;
let wanted = false;

/** @param {boolean} on */
export function stayAwake(on) {
  wanted = on;
  if (on) take();
  else release();
}

function release() {
  lock?.release().catch(() => {});
  lock = null;
}

async function take() {
  if (!wanted || document.hidden || (lock && !lock.released)) return;
  try {
    lock = await navigator.wakeLock.request('screen');
    if (!wanted) release(); // one stopped meanwhile
  } catch {
    // an old browser, or a battery that runs low: the screen sleeps as it likes
  }
}

document.addEventListener('visibilitychange', take); // a hidden page loses its lock

/** Tells screen readers what happens: little, grouped, never the whole log again, and nothing into an open microphone. */

const EVERY_MS = 1_500;
const KEPT = 3; // of what waits: what is older is not news any more

/** @type {string[]} */
let queue = [];
/** @type {ReturnType<typeof setTimeout>|undefined} */
let timer;
let isHushed = false;

/** @param {string} text */
export function announce(text) {
  if (queue.at(-1) !== text) queue.push(text);
  queue = queue.slice(-KEPT);
  timer ??= setTimeout(tell, queue.length > 1 ? EVERY_MS : 80);
}

/** While a microphone is open nothing is said: it would be heard by all. What came meanwhile is said after it. @param {boolean} on */
export function hush(on) {
  if (isHushed === on) return;
  isHushed = on;
  if (!on && queue.length) timer ??= setTimeout(tell, 80);
}

function tell() {
  timer = undefined;
  if (isHushed || !queue.length) return;
  const region = document.getElementById('announcer');
  if (region) region.textContent = queue.join(' ');
  queue = [];
  timer = setTimeout(tell, EVERY_MS);
}

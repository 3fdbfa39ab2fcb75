/** Tells screen readers what happens: little, grouped, and never the whole log again. */

const EVERY_MS = 1_500;

/** @type {string[]} */
let queue = [];
/** @type {ReturnType<typeof setTimeout>|undefined} */
let timer;

/** @param {string} text */
export function announce(text) {
  if (queue.at(-1) !== text) queue.push(text);
  timer ??= setTimeout(tell, queue.length > 1 ? EVERY_MS : 80);
}

function tell() {
  const region = document.getElementById('announcer');
  if (region) region.textContent = queue.slice(-3).join(' ');
  queue = [];
  timer = setTimeout(() => {
    timer = undefined;
    if (queue.length) tell();
  }, EVERY_MS);
}

/** What this browser remembers; everything works when it remembers nothing. */

/** @param {string} key @param {any} otherwise */
export function recall(key, otherwise) {
  try {
    const text = localStorage.getItem(`wonder.${key}`);
    return text === null ? otherwise : JSON.parse(text);
  } catch {
    return otherwise;
  }
}

/** @param {string} key @param {unknown} value */
export function remember(key, value) {
  try {
    localStorage.setItem(`wonder.${key}`, JSON.stringify(value));
  } catch {
    // private windows and full disks: the choice holds until the page goes
  }
}

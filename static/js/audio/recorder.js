/** A take as a file: the way for browsers whose UDP is blocked. */
import { isSafari } from '../lib/browser.js';

const BITS_PER_S = 48_000;
// Safari says yes to WebM since 18.4, yet its files have broken durations: MP4 first there.
const TYPES = ['audio/webm;codecs=opus', 'audio/ogg;codecs=opus', 'audio/mp4;codecs=mp4a.40.2', 'audio/mp4'];

/** @param {boolean} safari @param {(type: string) => boolean} supports @returns {string|undefined} */
export function typeFor(safari, supports) {
  const order = safari ? TYPES.toReversed() : TYPES;
  return order.find(supports);
}

export class Recorder {
  /** @type {MediaRecorder|null} */ #recorder = null;
  /** @type {Promise<Blob>} */ #done = Promise.resolve(new Blob());

  static get isSupported() {
    return typeof MediaRecorder !== 'undefined';
  }

  /** Resolve when it really records. @param {MediaStream} stream @returns {Promise<void>} */
  start(stream) {
    this.stop(); // what nobody has fetched
    const mimeType = typeFor(isSafari, (type) => MediaRecorder.isTypeSupported(type));
    const recorder = new MediaRecorder(stream, { mimeType, audioBitsPerSecond: BITS_PER_S });
    this.#recorder = recorder;
    /** @type {Blob[]} */
    const chunks = [];
    recorder.ondataavailable = ({ data }) => data.size && chunks.push(data);
    this.#done = new Promise((resolve) => {
      recorder.onstop = () => resolve(new Blob(chunks, { type: recorder.mimeType }));
    });
    return new Promise((resolve, reject) => {
      recorder.onstart = () => resolve();
      recorder.onerror = () => reject(new Error('recording failed'));
      recorder.start();
    });
  }

  /** End it, unless it has ended with its microphone: what was said until then counts. @returns {Promise<Blob>} */
  stop() {
    const recorder = this.#recorder;
    this.#recorder = null;
    if (!recorder) return Promise.resolve(new Blob());
    if (recorder.state !== 'inactive') recorder.stop();
    return this.#done;
  }
}

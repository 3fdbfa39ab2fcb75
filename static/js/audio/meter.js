/** How loud the microphone is, and when speech began: by an AudioWorklet, so on the audio clock. */
import { Onset } from '../room/onset.js';

const FLOOR_DB = -60;
const WORKLET = '/static/worklets/meter-processor.js';

export class Meter {
  /** @type {AudioContext|null} */ #context = null;
  /** @type {MediaStreamAudioSourceNode|null} */ #source = null;
  /** @type {AudioWorkletNode|null} */ #node = null;
  /** @type {MediaStream|null} */ #stream = null;
  #onset = new Onset();

  /** Level from 0 to 1, for eyes. */
  level = 0;

  /** Who hears each hop too. @type {((hop: import('../room/onset.js').Hop) => void)|null} */
  watcher = null;

  /** Call in a gesture. A browser without worklets speaks without a meter. */
  async prepare() {
    if (this.#context || typeof AudioWorkletNode === 'undefined') return;
    this.#context = new AudioContext({ latencyHint: 'interactive' });
    await this.#context.audioWorklet.addModule(WORKLET);
    this.#node = new AudioWorkletNode(this.#context, 'meter-processor', { numberOfOutputs: 0 });
    this.#node.port.onmessage = ({ data }) => this.#hear(data);
    this.follow(this.#stream);
  }

  /** @param {MediaStream|null} stream */
  follow(stream) {
    this.#stream = stream;
    this.#source?.disconnect();
    this.#source = null;
    this.level = 0;
    if (!stream) this.#context?.suspend().catch(() => {}); // costs a phone's battery for nothing
    if (!stream || !this.#context || !this.#node) return;
    this.#source = this.#context.createMediaStreamSource(stream);
    this.#source.connect(this.#node);
    if (this.#context.state !== 'running') this.#context.resume().catch(() => {});
  }

  /** Listen for the next beginning of speech. */
  arm() {
    this.#onset.rearm();
  }

  /** How long ago speech began since `arm`, in ms; null while it has not. @returns {number|null} */
  get began_ago_ms() {
    if (this.#onset.at_s === null || !this.#context) return null;
    return (this.#context.currentTime - this.#onset.at_s) * 1000;
  }

  get isLoud() {
    return this.#onset.isLoud;
  }

  /** @param {import('../room/onset.js').Hop[]} hops */
  #hear(hops) {
    for (const hop of hops) {
      this.#onset.hear(hop);
      this.watcher?.(hop);
    }
    const part = Math.min(1, Math.max(0, 1 - this.#onset.level_db / FLOOR_DB));
    this.level = Math.max(part, this.level * 0.8);
  }
}

/** A few words of one's own, heard through one mask after the other; nobody else hears them, and nothing is kept. */
import { Recorder } from '../audio/recorder.js';
import { tried } from '../wire/masks.js';

export const SAY_MS = 3_000;

/** @param {number} ms @returns {Promise<void>} */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class MaskTrial {
  /** @type {Blob|null} */ #take = null;
  #isListening = false;

  /**
   * @param {Pick<import('./late-speaking.js').LateSpeaking, 'need'|'here'>} speaking @param {import('./model.js').Reader} read
   * @param {{recorder?: Pick<Recorder, 'start'|'stop'>, ask?: typeof tried, wait?: typeof pause}} [edges]
   */
  constructor(speaking, read, { recorder = new Recorder(), ask = tried, wait = pause } = {}) {
    this.speaking = speaking;
    this.read = read;
    this.recorder = recorder;
    this.ask = ask;
    this.wait = wait;
  }

  /** Is there something that can be heard through another mask? */
  get hasTake() {
    return this.#take !== null;
  }

  /** Is the microphone needed for a take now? */
  get isBusy() {
    return this.speaking.here?.speaker.isBusy ?? false;
  }

  /** Record for three seconds. Throws what the browser throws. @param {() => void} opened it is time to speak */
  async record(opened) {
    const { speaker, microphone } = await this.speaking.need();
    this.#isListening = true;
    await speaker.listen();
    await this.recorder.start(await microphone.open());
    opened();
    await this.wait(SAY_MS);
    this.#take = await this.recorder.stop();
  }

  /** What others would hear; without a mask that is what was recorded. @param {string} mask @returns {Promise<Blob>} */
  async heard(mask) {
    if (!this.#take) throw new Error('nothing was recorded');
    return mask === 'none' ? this.#take : this.ask(mask, this.#take, this.read().room?.id);
  }

  /** Forget what was said, and give the microphone back unless it is used. @param {{keeps?: boolean}} [how] */
  async end({ keeps = false } = {}) {
    this.recorder.stop();
    this.#take = null;
    const wasListening = this.#isListening;
    this.#isListening = false;
    if (wasListening && !keeps && !this.read().playing) await this.speaking.here?.speaker.release();
  }
}

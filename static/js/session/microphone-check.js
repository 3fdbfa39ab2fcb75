/** A test of the microphone: its owner sees whether it is heard; nothing is sent, and no round begins for it. */
import { set as prefer } from '../lib/preferences.js';
import { SoundCheck } from '../room/sound-check.js';

/** @typedef {import('../room/sound-check.js').Verdict} Verdict */

export class MicrophoneCheck {
  #sound = new SoundCheck();
  #isOver = false;

  /** @param {import('./late-speaking.js').LateSpeaking} speaking @param {import('./model.js').Reader} read */
  constructor(speaking, read) {
    this.speaking = speaking;
    this.read = read;
  }

  /** Ask for the microphone and listen; resolves when it is open. Throws what the browser throws. */
  async begin() {
    const { meter, speaker } = await this.speaking.need();
    if (this.#isOver) return;
    meter.watcher = (hop) => this.#sound.hear(hop);
    await speaker.listen();
    if (this.#isOver) await this.end();
  }

  /** @returns {Verdict} */
  get verdict() {
    return this.#sound.verdict;
  }

  /** Loudness for eyes, 0 to 1. */
  get level() {
    return this.speaking.here?.meter.level ?? 0;
  }

  /** The microphones there are; they have names once one was allowed. */
  async devices() {
    const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    return all.filter(({ kind, deviceId }) => kind === 'audioinput' && deviceId !== 'default' && deviceId !== 'communications');
  }

  /** Take another microphone from now on: at once, if one is in use. @param {string} device */
  async prefer(device) {
    prefer('microphone', device);
    const { here } = this.speaking;
    if (!here?.microphone.track || here.speaker.isBusy) return;
    here.microphone.close();
    await here.speaker.prepare().catch(() => {});
  }

  /** Take another microphone, and hear it. @param {string} device */
  async choose(device) {
    prefer('microphone', device);
    this.#sound = new SoundCheck();
    this.speaking.here?.microphone.close();
    await this.begin();
  }

  /** The microphone is given back, unless it is used. @param {{passed?: boolean, keeps?: boolean}} [how] */
  async end({ passed = false, keeps = false } = {}) {
    this.#isOver = true;
    if (passed) prefer('checked', true);
    const { here } = this.speaking;
    if (!here) return;
    here.meter.watcher = null;
    if (!keeps && !this.read().playing) await here.speaker.release();
  }
}

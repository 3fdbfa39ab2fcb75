/** Two clips at once, one from the left and one from the right: what two said at one count is heard as they said it. */

const SIDE = 0.7; // of the way to one ear: both are heard in both
const LEVEL = 0.8; // two voices together are louder than one

export class Together {
  /** @type {AudioContext|null} */ #context = null;
  /** @type {AudioBufferSourceNode[]} */ #sources = [];

  /** @param {() => AudioContext} [make] @param {typeof fetch} [get] */
  constructor(make = () => new AudioContext(), get = (url) => fetch(url)) {
    this.make = make;
    this.get = get;
  }

  /** Resolves when both are over or stopped; rejects, silent, where one cannot be had. @param {string[]} urls @param {number} volume 0 to 1 */
  async play(urls, volume) {
    this.stop();
    const context = (this.#context ??= this.make());
    if (context.state === 'suspended') await context.resume();
    const sounds = await Promise.all(urls.map((url) => this.#sound(context, url)));
    const all = context.createGain();
    all.gain.value = volume * LEVEL;
    all.connect(context.destination);
    this.#sources = sounds.map((buffer, at) => source(context, all, buffer, at % 2 ? SIDE : -SIDE));
    const ends = this.#sources.map((one) => new Promise((resolve) => (one.onended = resolve)));
    for (const one of this.#sources) one.start();
    await Promise.all(ends);
    all.disconnect();
  }

  stop() {
    for (const one of this.#sources.splice(0)) one.stop();
  }

  /** @param {AudioContext} context @param {string} url */
  async #sound(context, url) {
    const response = await this.get(url);
    if (!response.ok) throw new Error(`${response.status} for ${url}`);
    return context.decodeAudioData(await response.arrayBuffer());
  }
}

/** @param {AudioContext} context @param {AudioNode} into @param {AudioBuffer} buffer @param {number} pan -1 is left, 1 is right */
function source(context, into, buffer, pan) {
  const one = context.createBufferSource();
  one.buffer = buffer;
  const side = context.createStereoPanner();
  side.pan.value = pan;
  one.connect(side).connect(into);
  return one;
}

// Hands on all that is heard, as 16-bit samples, a tenth of a second at a time.
class Ear extends AudioWorkletProcessor {
  #samples = new Int16Array(4800);
  #filled = 0;

  process([[channel]]) {
    for (const sample of channel ?? new Float32Array(128)) {
      this.#samples[this.#filled++] = Math.max(-1, Math.min(1, sample)) * 32767;
      if (this.#filled === this.#samples.length) {
        this.port.postMessage(this.#samples.slice());
        this.#filled = 0;
      }
    }
    return true;
  }
}

registerProcessor('ear', Ear);

/** Measures a microphone on the audio clock: one value each 10 ms, sent every 20 ms. No imports here. */

const HOP_S = 0.01;
const HOPS_A_MESSAGE = 2;

class MeterProcessor extends AudioWorkletProcessor {
  constructor() {
    super();
    this.hop = Math.round(sampleRate * HOP_S);
    this.sum = 0;
    this.peak = 0;
    this.count = 0;
    this.hops = [];
  }

  process([[samples]]) {
    if (!samples) return true;
    for (let i = 0; i < samples.length; i += 1) {
      this.sum += samples[i] * samples[i];
      this.peak = Math.max(this.peak, Math.abs(samples[i]));
      this.count += 1;
      if (this.count === this.hop) this.close(currentTime + (i + 1) / sampleRate);
    }
    return true;
  }

  close(ends_s) {
    this.hops.push({ begins_s: ends_s - HOP_S, rms: Math.sqrt(this.sum / this.count), peak: this.peak });
    this.sum = 0;
    this.peak = 0;
    this.count = 0;
    if (this.hops.length >= HOPS_A_MESSAGE) this.port.postMessage(this.hops.splice(0));
  }
}

registerProcessor('meter-processor', MeterProcessor);

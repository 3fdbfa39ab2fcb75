import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cues, lengthOf, SCORE, SHAKES } from '../../../static/js/audio/cues.js';

/** A context that writes down what it is asked to play. */
class Paper {
  currentTime = 2;
  state = 'suspended';
  destination = {};
  /** @type {{hz: number, from: number, to: number, peak: number}[]} */ tones = [];
  resumed = 0;

  async resume() {
    this.resumed += 1;
    this.state = 'running';
  }

  createOscillator() {
    const tone = { hz: 0, from: 0, to: 0, peak: 0 };
    this.tones.push(tone);
    return { frequency: { set value(/** @type {number} */ hz) { tone.hz = hz; } }, connect: (/** @type {any} */ to) => to,
      start: (/** @type {number} */ at) => (tone.from = at), stop: (/** @type {number} */ at) => (tone.to = at) };
  }

  createGain() {
    const tone = /** @type {any} */ (this.tones.at(-1));
    const gain = { setValueAtTime: (/** @type {number} */ value) => (tone.peak = Math.max(tone.peak, value)), linearRampToValueAtTime: (/** @type {number} */ value) => (tone.peak = Math.max(tone.peak, value)) };
    return { gain, connect: () => {} };
  }
}

test('each cue is told apart by its pitches and its rhythm', () => {
  const scores = Object.values(SCORE).map((tones) => JSON.stringify(tones));

  assert.equal(new Set(scores).size, scores.length);
  for (const { hz } of Object.values(SCORE).flat()) assert.ok(hz >= 100 && hz <= 8_000, String(hz));
});

test('rising is good and falling is over', () => {
  const steps = (/** @type {import('../../../static/js/audio/cues.js').Cue} */ cue) => SCORE[cue].map(({ hz }) => hz);

  for (const cue of /** @type {const} */ (['next', 'turn', 'winner'])) assert.deepEqual(steps(cue), steps(cue).toSorted((a, b) => a - b), cue);
  for (const cue of /** @type {const} */ (['passed', 'curtain'])) assert.deepEqual(steps(cue), steps(cue).toSorted((a, b) => b - a), cue);
});

test('the cue of one\'s turn is 180 ms long, nothing is longer than a second', () => {
  assert.equal(lengthOf('turn'), 180);
  for (const cue of Object.keys(SCORE)) assert.ok(lengthOf(/** @type {any} */ (cue)) <= 1_000, cue);
});

test('tones are -18 dBFS at most, also those that sound together, and quieter by choice', () => {
  const paper = new Paper();
  const cues = new Cues(() => /** @type {any} */ (paper));

  cues.play('turn', 1);
  assert.deepEqual(paper.tones.map(({ hz }) => Math.round(hz)), [523, 659, 784]);
  assert.deepEqual(paper.tones.map(({ from }) => from.toFixed(2)), ['2.00', '2.06', '2.12']);
  for (const { peak } of paper.tones) assert.ok(Math.abs(20 * Math.log10(peak) + 18) < 0.1, String(peak));

  paper.tones = [];
  cues.play('tie', 0.5);
  const first = paper.tones.filter(({ from }) => from === 2);
  assert.equal(first.length, 2);
  assert.ok(Math.abs(first.reduce((sum, { peak }) => sum + peak, 0) - 0.5 * 10 ** (-18 / 20)) < 1e-6);
});

test('a page that nobody touched is silent; the first touch lets it sound', () => {
  const paper = new Paper();
  const cues = new Cues(() => /** @type {any} */ (paper));

  cues.prepare();
  cues.prepare();
  assert.equal(paper.resumed, 1);
});

test('a phone shakes for what concerns its owner alone', () => {
  assert.deepEqual(Object.keys(SHAKES).sort(), ['landed', 'next', 'turn', 'winner']);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Together } from '../../../static/js/audio/together.js';

/** A context that writes down what it is asked to play, and plays until it is told that all is over. */
class Paper {
  state = 'suspended';
  destination = { name: 'out' };
  /** @type {any[]} */ sources = [];
  /** @type {number[]} */ pans = [];
  volume = 0;

  async resume() {
    this.state = 'running';
  }

  /** @param {ArrayBuffer} bytes */
  async decodeAudioData(bytes) {
    return new TextDecoder().decode(bytes);
  }

  createGain() {
    const paper = this;
    return { gain: { set value(/** @type {number} */ value) { paper.volume = value; } }, connect: () => {}, disconnect: () => {} };
  }

  createStereoPanner() {
    const { pans } = this;
    return { pan: { set value(/** @type {number} */ value) { pans.push(value); } }, connect: () => {} };
  }

  createBufferSource() {
    const source = { buffer: '', started: false, onended: () => {}, connect: (/** @type {any} */ to) => to, start: () => (source.started = true), stop: () => source.onended() };
    this.sources.push(source);
    return source;
  }
}

/** @param {string} missing */
function room(missing = '') {
  const paper = new Paper();
  const get = async (/** @type {any} */ url) => new Response(url, { status: url === missing ? 404 : 200 });
  return { paper, both: new Together(() => /** @type {any} */ (paper), /** @type {any} */ (get)) };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('two are heard at once, one from the left and one from the right', async () => {
  const { paper, both } = room();
  let isOver = false;
  const over = both.play(['a', 'b'], 0.5).then(() => (isOver = true));
  while (paper.sources.length < 2 || !paper.sources[1].started) await settled();

  assert.deepEqual(paper.sources.map(({ buffer, started }) => [buffer, started]), [['a', true], ['b', true]]);
  assert.ok(paper.pans[0] < 0 && paper.pans[0] === -paper.pans[1]);
  assert.ok(paper.volume > 0 && paper.volume <= 0.5);
  paper.sources[0].onended();
  await settled();
  assert.equal(isOver, false);
  paper.sources[1].onended();
  await over;
});

test('where one cannot be had neither sounds, and who stops both is done', async () => {
  const { paper, both } = room('b');
  await assert.rejects(both.play(['a', 'b'], 1));
  assert.deepEqual(paper.sources, []);

  const again = room();
  const over = again.both.play(['a', 'b'], 1);
  while (again.paper.sources.length < 2 || !again.paper.sources[1].started) await settled();
  again.both.stop();
  await over;
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Recorder } from '../../static/js/audio/recorder.js';

class FakeRecorder {
  static isTypeSupported = () => true;
  /** @type {FakeRecorder} */ static last;
  state = 'inactive';
  mimeType = 'audio/webm';
  /** @type {((event: {data: Blob}) => void)|null} */ ondataavailable = null;
  /** @type {(() => void)|null} */ onstart = null;
  /** @type {(() => void)|null} */ onstop = null;

  constructor() {
    FakeRecorder.last = this;
  }

  start() {
    this.state = 'recording';
    this.onstart?.();
  }

  stop() {
    this.state = 'inactive';
    queueMicrotask(() => this.delivers());
  }

  delivers() {
    this.ondataavailable?.({ data: new Blob(['said']) });
    this.onstop?.();
  }
}

async function recording() {
  Object.assign(globalThis, { MediaRecorder: FakeRecorder });
  const recorder = new Recorder();
  await recorder.start(/** @type {any} */ (null));
  return recorder;
}

test('a take is what was recorded until it is ended', async () => {
  const recorder = await recording();

  assert.equal(await (await recorder.stop()).text(), 'said');
  assert.equal((await recorder.stop()).size, 0);
});

test('what was said until the microphone was pulled out counts, whichever is noticed first', async () => {
  const early = await recording();
  FakeRecorder.last.state = 'inactive';
  FakeRecorder.last.delivers();
  assert.equal(await (await early.stop()).text(), 'said');

  const late = await recording();
  FakeRecorder.last.state = 'inactive';
  const take = late.stop();
  FakeRecorder.last.delivers();
  assert.equal(await (await take).text(), 'said');
});

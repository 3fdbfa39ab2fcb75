import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Microphone } from '../../../static/js/audio/microphone.js';
import { set } from '../../../static/js/lib/preferences.js';
import { Later } from '../support/devices.js';
import { settled } from '../support/visit.js';

class FakeTrack extends EventTarget {
  readyState = 'live';
  muted = false;

  stop() {
    this.readyState = 'ended';
  }
}

/** @returns {any} a stream of one track */
function stream() {
  const track = new FakeTrack();
  return { track, getAudioTracks: () => [track], getTracks: () => [track] };
}

/** A browser whose microphone is asked for; tells each state. @param {{state?: string, secure?: boolean, raw?: boolean}} [options] */
function browser({ state = 'prompt', secure = true, raw = false } = {}) {
  /** @type {{wanted: any, later: Later<any>}[]} */
  const asked = [];
  /** @type {string[]} */
  const told = [];
  const devices = Object.assign(new EventTarget(), {
    getUserMedia: (/** @type {any} */ { audio }) => {
      const later = new Later();
      asked.push({ wanted: audio, later });
      return later.promise;
    },
  });
  const navigator = { mediaDevices: devices, permissions: { query: async () => ({ state }) } };
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
  Object.assign(globalThis, { isSecureContext: secure });
  /** @type {Microphone} */
  const microphone = new Microphone({ raw, changed: () => told.push(microphone.state) });
  return { microphone, asked, told, devices };
}

test('many calls share one question', async () => {
  const { microphone, asked, told } = browser();
  const both = Promise.all([microphone.open(), microphone.open()]);
  const one = stream();
  asked[0].later.resolve(one);

  assert.deepEqual(await both, [one, one]);
  assert.deepEqual([asked.length, told, microphone.track], [1, ['asking', 'open'], one.track]);
  assert.equal(await microphone.open(), one);
  assert.equal(asked.length, 1);
});

for (const [name, state] of Object.entries({ NotAllowedError: 'refused', NotFoundError: 'missing', NotReadableError: 'busy', AbortError: 'busy', Strange: 'busy' })) {
  test(`a browser that says ${name} means ${state}`, async () => {
    const { microphone, asked } = browser();
    const open = microphone.open();
    asked[0].later.reject(new DOMException('no', name));

    await assert.rejects(open);
    assert.equal(microphone.state, state);
  });
}

test('a page that is not secure asks nothing', async () => {
  const { microphone, asked } = browser({ secure: false });

  assert.equal(microphone.state, 'insecure');
  await assert.rejects(microphone.open());
  assert.equal(asked.length, 0);
});

test('a microphone that is pulled out is closed, one that is plugged in may be asked again', async () => {
  const { microphone, asked, told, devices } = browser();
  const open = microphone.open();
  const one = stream();
  asked[0].later.resolve(one);
  await open;
  one.track.dispatchEvent(new Event('ended'));
  assert.deepEqual([microphone.state, microphone.track], ['closed', null]);

  const again = microphone.open();
  asked[1].later.reject(new DOMException('no', 'NotFoundError'));
  await assert.rejects(again);
  devices.dispatchEvent(new Event('devicechange'));
  assert.equal(told.at(-1), 'unasked');
});

test('a track whose sound the system took is replaced, and its end means nothing', async () => {
  const { microphone, asked } = browser();
  const [mute, fresh] = [stream(), stream()];
  const first = microphone.open();
  asked[0].later.resolve(mute);
  await first;
  mute.track.muted = true;
  const second = microphone.open();
  asked[1].later.resolve(fresh);
  await second;
  mute.track.dispatchEvent(new Event('ended'));

  assert.deepEqual([mute.track.readyState, microphone.track, microphone.state], ['ended', fresh.track, 'open']);
});

test('giving it back stops its tracks, and closing twice is harmless', async () => {
  const { microphone, asked, told } = browser({ raw: true });
  const open = microphone.open();
  const one = stream();
  asked[0].later.resolve(one);
  await open;
  microphone.close();
  microphone.close();
  await settled();

  assert.deepEqual([one.track.readyState, told], ['ended', ['asking', 'open', 'closed']]);
  assert.equal(asked[0].wanted.noiseSuppression, false);
});

test('whether opening asks anything', async () => {
  assert.equal(await browser({ state: 'granted' }).microphone.isAllowed(), true);
  const { microphone, asked } = browser();
  assert.equal(await microphone.isAllowed(), false);
  const open = microphone.open();
  asked[0].later.resolve(stream());
  await open;
  microphone.close();
  assert.equal(await microphone.isAllowed(), true);
});

test('the microphone that was chosen is asked for, and another one where it is not here', async () => {
  set('microphone', 'the good one');
  const { microphone, asked } = browser();
  microphone.open();
  set('microphone', '');

  assert.deepEqual(asked[0].wanted.deviceId, { ideal: 'the good one' });
  assert.equal(asked[0].wanted.echoCancellation, true);
  const plain = browser();
  plain.microphone.open();
  assert.equal('deviceId' in plain.asked[0].wanted, false);
});

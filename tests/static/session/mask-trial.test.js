import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { get, set } from '../../../static/js/lib/preferences.js';
import { MaskTrial } from '../../../static/js/session/mask-trial.js';
import { tried } from '../../../static/js/wire/masks.js';
import { upload } from '../../../static/js/wire/upload.js';
import { Visit } from '../support/visit.js';

beforeEach(() => set('mask', 'none'));

const SAID = new Blob(['said'], { type: 'audio/webm;codecs=opus' });
/** What the server was asked for, and what it does. */
class Server {
  /** @type {[string, Blob, string|undefined][]} */ asked = [];
  /** @type {Error|null} */ fails = null;

  /** @param {string} mask @param {Blob} take @param {string} [room] */
  ask = async (mask, take, room) => {
    if (this.fails) throw this.fails;
    this.asked.push([mask, take, room]);
    return new Blob([mask], { type: 'audio/ogg' });
  };
}

/** A visit whose microphone can be tried with masks. */
async function trying() {
  const visit = await new Visit({ room: { id: 'x' } }).enter();
  const server = new Server();
  /** @type {string[]} */
  const steps = [];
  const recorder = { start: async () => void steps.push('records'), stop: async () => (steps.push('stops'), SAID) };
  const trial = new MaskTrial(visit.session.speaking, () => visit.model, { recorder, ask: server.ask, wait: async (ms) => void steps.push(`${ms} ms`) });
  return { visit, server, trial, steps };
}

test('what was said is heard through one mask after the other, and is said once', async () => {
  const { trial, server, steps } = await trying();
  assert.equal(trial.hasTake, false);
  await trial.record(() => steps.push('now'));
  assert.equal(await (await trial.heard('mouse')).text(), 'mouse');
  assert.equal(await (await trial.heard('giant')).text(), 'giant');

  assert.deepEqual(steps, ['records', 'now', '3000 ms', 'stops']);
  assert.deepEqual(server.asked, [['mouse', SAID, 'x'], ['giant', SAID, 'x']]);
});

test('without a mask one hears what was recorded, and the server is not asked', async () => {
  const { trial, server } = await trying();
  await trial.record(() => {});
  assert.equal(await trial.heard('none'), SAID);
  assert.deepEqual(server.asked, []);
});

test('nothing of it reaches the room, and the microphone is given back', async () => {
  const { trial, visit } = await trying();
  await trial.record(() => {});
  await trial.end();
  await visit.serve();

  assert.deepEqual([visit.devices.peers.length, visit.devices.uploads.length, visit.devices.microphone.state], [0, 0, 'closed']);
  assert.deepEqual(visit.asked('speak.start'), []);
  assert.equal(trial.hasTake, false);
  await assert.rejects(trial.heard('mouse'));
});

test('who plays along or is in the microphone check keeps the microphone', async () => {
  const { trial, visit } = await trying();
  await trial.record(() => {});
  await trial.end({ keeps: true });
  assert.equal(visit.devices.microphone.state, 'open');
});

test('a mask that the server refuses is heard as nothing, not as one’s own voice', async () => {
  const { trial, server } = await trying();
  await trial.record(() => {});
  server.fails = new Error('too fast');
  await assert.rejects(trial.heard('mouse'), /too fast/);
});

test('the room is told of a mask at once, and again whenever the connection is back', async () => {
  const { visit } = await trying();
  assert.equal(visit.asked('here').at(-1).mask, 'none');
  visit.session.presence.wear('robot');
  await visit.serve();
  assert.deepEqual([visit.asked('here').at(-1).mask, visit.model.mask, get('mask')], ['robot', 'robot', 'robot']);

  await visit.lose();
  await visit.back();
  assert.equal(visit.asked('here').at(-1).mask, 'robot');
});

test('what storage holds is a mask that there is, or none', () => {
  set('mask', /** @type {any} */ ('a ghost'));
  assert.equal(get('mask'), 'none');
});

/** Answer the next request, and give what was asked. @param {Response} response @param {() => Promise<unknown>} act */
async function over(response, act) {
  const { fetch } = globalThis;
  /** @type {[string, RequestInit]} */
  let request = ['', {}];
  globalThis.fetch = /** @type {any} */ (async (/** @type {string} */ url, /** @type {RequestInit} */ options) => ((request = [url, options]), response));
  try {
    return { result: await act().catch((why) => why), url: request[0], options: request[1] };
  } finally {
    globalThis.fetch = fetch;
  }
}

test('a take goes to the mask as it was recorded, and comes back as sound', async () => {
  const { result, url, options } = await over(new Response('ogg'), () => tried('mouse', SAID, 'a b'));
  assert.equal(await /** @type {Blob} */ (result).text(), 'ogg');
  assert.deepEqual([url, options.method, options.body], ['/api/masks/mouse/preview?room=a%20b', 'POST', SAID]);
  assert.equal(/** @type {any} */ (options.headers)['Content-Type'], 'audio/webm');

  const refused = await over(Response.json({ code: 'too_fast', detail: 'Wait.' }, { status: 429 }), () => tried('mouse', new Blob(['x']), 'x'));
  assert.equal(/** @type {any} */ (refused.result).code, 'too_fast');
});

test('an upload asks for the mask that one wears: the server may have been restarted since it was told', async () => {
  set('mask', 'whisper');
  const { url } = await over(Response.json({ id: 'c' }, { status: 201 }), () => upload('x', SAID));
  assert.equal(url, '/api/rooms/x/clips?mask=whisper');
});

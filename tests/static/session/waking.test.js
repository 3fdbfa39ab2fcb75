import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, Waking } from '../../../static/js/session/waking.js';

const KEY = 'BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8';
const OTHER_KEY = 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4';

/** A browser whose push service answers as a test wants it, and workers by their scope. */
class Browser {
  permission = 'default';
  answers = 'granted';
  asked = 0;
  /** @type {Map<string, any>} */ registrations = new Map();
  /** @type {Error|null} */ fault = null;
  made = 0;
  /** @type {any} */ started = { state: 'activated' };

  constructor() {
    const browser = this;
    this.PushManager = class {};
    this.Notification = {
      get permission() { return browser.permission; },
      requestPermission: async () => {
        browser.asked += 1;
        return (browser.permission = browser.answers);
      },
    };
    /** @type {any} */ this.navigator = { serviceWorker: {
      register: async (/** @type {string} */ _script, /** @type {any} */ { scope }) => browser.registration(scope),
      getRegistration: async (/** @type {string} */ path) => [...browser.registrations].find(([scope]) => path.startsWith(scope))?.[1],
    } };
  }

  /** @param {string} scope */
  registration(scope) {
    const known = this.registrations.get(scope);
    if (known) return known;
    /** @type {any} */ let subscription = null;
    const made = {
      scope: `https://wonder.example${scope}`, active: null, waiting: null, installing: this.started,
      unregister: async () => this.registrations.delete(scope),
      pushManager: {
        getSubscription: async () => subscription,
        subscribe: async (/** @type {any} */ { userVisibleOnly, applicationServerKey }) => {
          if (this.fault) throw this.fault;
          assert.equal(userVisibleOnly, true);
          const endpoint = `https://push.example/${(this.made += 1)}`;
          subscription = {
            options: { applicationServerKey: applicationServerKey.buffer }, unsubscribe: async () => (subscription = null), toJSON: () => ({ endpoint }),
          };
          return subscription;
        },
      },
    };
    this.registrations.set(scope, made);
    return made;
  }
}

/** A server that wakes, with what it was told. */
function server(key = KEY) {
  /** @type {string[]} */
  const told = [];
  /** @type {Map<string, any>} */
  const kept = new Map();
  return {
    told, kept, key,
    async pushOf(/** @type {string} */ room) { return { key: this.key, on: kept.has(room) }; },
    async wakeMe(/** @type {string} */ room, /** @type {any} */ { endpoint }, /** @type {string} */ language) {
      kept.set(room, endpoint);
      told.push(`${room} ${endpoint} ${language}`);
    },
    async letMeSleep(/** @type {string} */ room) {
      kept.delete(room);
      told.push(`${room} sleeps`);
    },
  };
}

const waking = (/** @type {any} */ page, /** @type {any} */ wire, room = 'wonder') => new Waking(room, 'de', page, wire);

test('nobody is asked before a tap, and one tap each turns it on and off', async () => {
  const [page, wire] = [new Browser(), server()];
  const one = waking(page, wire);
  await one.refresh();
  assert.deepEqual([await one.look(), page.asked, wire.told], ['off', 0, []]);
  assert.equal(await one.turnOn(), 'on');
  assert.deepEqual([await one.look(), page.asked], ['on', 1]);
  assert.deepEqual(wire.told, ['wonder https://push.example/1 de']);
  assert.equal(await one.turnOff(), 'off');
  assert.deepEqual([await one.look(), page.registrations.size, wire.kept.size], ['off', 0, 0]);
});

test('each room has a worker and an address of its own, also where one name begins with another', async () => {
  const [page, wire] = [new Browser(), server()];
  assert.equal(await waking(page, wire, 'wonder').turnOn(), 'on');
  assert.equal(await waking(page, wire, 'wonder-2').look(), 'off');
  assert.equal(await waking(page, wire, 'wonder-2').turnOn(), 'on');
  assert.equal(new Set(wire.kept.values()).size, 2);
  await waking(page, wire, 'wonder-2').turnOff();
  assert.equal(await waking(page, wire, 'wonder').look(), 'on');
});

test('who comes again is noted, with the subscription that the browser has by then', async () => {
  const [page, wire] = [new Browser(), server()];
  const one = waking(page, wire);
  await one.turnOn();
  await one.refresh();
  assert.deepEqual(wire.told, new Array(2).fill('wonder https://push.example/1 de'));
  wire.key = OTHER_KEY; // the server was set up anew
  await one.refresh();
  assert.equal(wire.told.at(-1), 'wonder https://push.example/2 de');
  page.fault = new Error('away');
  wire.key = KEY;
  await one.refresh();
  assert.equal(page.registrations.size, 1, 'a service that is away for once is no end');
  wire.pushOf = async () => { throw new Error('offline'); };
  await one.refresh();
});

test('who says no, or nothing, or cannot, is told which', async () => {
  const [page, wire] = [new Browser(), server()];
  page.answers = 'default';
  assert.equal(await waking(page, wire).turnOn(), 'dismissed');
  page.answers = 'denied';
  assert.deepEqual([await waking(page, wire).turnOn(), await waking(page, wire).look()], ['denied', 'denied']);
  await waking(page, wire).refresh();
  assert.deepEqual([page.registrations.size, wire.told], [0, []]);
  assert.equal(await waking(new Browser(), server('')).look(), 'server');
  for (const lacking of ['PushManager', 'Notification']) {
    const /** @type {any} */ poor = new Browser();
    delete poor[lacking];
    assert.equal(await waking(poor, wire).look(), 'none');
  }
  assert.equal(await waking({ PushManager: 1, Notification: 1, navigator: {} }, wire).look(), 'none'); // a private window of Firefox
});

test('a push service that fails leaves no worker behind', async () => {
  for (const [name, state] of [['AbortError', 'failed'], ['NotAllowedError', 'denied']]) {
    const page = new Browser();
    page.fault = Object.assign(new Error('no'), { name });
    assert.equal(await waking(page, server()).turnOn(), state);
    assert.equal(page.registrations.size, 0);
  }
  const wire = server();
  wire.wakeMe = async () => { throw Object.assign(new Error('slowly'), { code: 'too_fast' }); };
  const page = new Browser();
  await assert.rejects(waking(page, wire).turnOn(), { code: 'too_fast' });
  assert.equal(page.registrations.size, 0);
});

test('a subscription that the browser cannot end leaves no worker behind', async () => {
  const [page, wire] = [new Browser(), server()];
  await waking(page, wire).turnOn();
  const [made] = page.registrations.values();
  (await made.pushManager.getSubscription()).unsubscribe = async () => { throw new Error('away'); };
  await assert.rejects(waking(page, wire).turnOff(), { message: 'away' });
  assert.equal(page.registrations.size, 0);
});

test('a worker that has only begun is waited for', async () => {
  for (const [end, state] of [['activated', 'on'], ['redundant', 'failed']]) {
    const page = new Browser();
    /** @type {any} */ let changed = null;
    page.started = { state: 'installing', addEventListener: (/** @type {string} */ _name, /** @type {() => void} */ listener) => (changed = listener) };
    const turning = waking(page, server()).turnOn();
    while (!changed) await new Promise((resolve) => setImmediate(resolve));
    changed();
    page.started.state = end;
    changed();
    assert.equal(await turning, state);
  }
});

test('a key is 65 bytes', () => {
  assert.deepEqual([bytes(KEY).length, bytes(KEY)[0]], [65, 4]);
});

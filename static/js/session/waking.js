/** Whether this browser is woken when somebody speaks in a room. Asked for on a tap only. */
import { isIOS } from '../lib/browser.js';
import { letMeSleep, pushOf, wakeMe } from '../wire/push.js';

/**
 * `none`: this browser cannot, `ios`: from the home screen it could, `server`: nobody is woken here, `denied`: the visitor said no once,
 * `dismissed`: or nothing, `failed`: the browser's push service does not answer.
 * @typedef {'off'|'on'|'none'|'ios'|'server'|'denied'|'dismissed'|'failed'} State
 */

export class Waking {
  /** @param {string} room @param {string} language @param {any} [page] the browser @param {{pushOf: typeof pushOf, wakeMe: typeof wakeMe, letMeSleep: typeof letMeSleep}} [wire] */
  constructor(room, language, page = globalThis, wire = { pushOf, wakeMe, letMeSleep }) {
    this.room = room;
    this.language = language;
    this.page = page;
    this.wire = wire;
    // A worker for each room has an address of its own: nobody finds by it that two voices are one browser.
    this.scope = `/r/${encodeURIComponent(room)}`;
  }

  /** How it is. Throws what the server refuses. @returns {Promise<State>} */
  async look() {
    if (!this.#isPossible()) return isIOS ? 'ios' : 'none';
    const { key, on } = await this.wire.pushOf(this.room);
    if (!key) return 'server';
    if (this.page.Notification.permission === 'denied') return 'denied';
    return on && (await this.#subscription()) ? 'on' : 'off';
  }

  /** Ask the visitor, in a tap, and subscribe. Throws what the server refuses. @returns {Promise<State>} */
  async turnOn() {
    const said = await this.page.Notification.requestPermission();
    if (said !== 'granted') return said === 'denied' ? 'denied' : 'dismissed';
    /** @type {State} */ let state = 'failed';
    try {
      state = await this.#subscribe();
    } finally { // a worker that stays would subscribe at the next visit, without a tap
      if (state !== 'on') await (await this.#registration())?.unregister();
    }
    return state;
  }

  /** Let the server forget it first: what the browser keeps then is of no use to anybody. @returns {Promise<State>} */
  async turnOff() {
    await this.wire.letMeSleep(this.room);
    try {
      await (await this.#subscription())?.unsubscribe();
    } finally {
      await (await this.#registration())?.unregister();
    }
    return 'off';
  }

  /** Say that who wants to be woken here has come; their browser may have another subscription by now. */
  async refresh() {
    try {
      if (this.#isPossible() && this.page.Notification.permission === 'granted' && (await this.#registration())) await this.#subscribe();
    } catch {
      // The next visit says it, too.
    }
  }

  #isPossible() {
    return Boolean(this.page.navigator?.serviceWorker && 'PushManager' in this.page && 'Notification' in this.page);
  }

  /** @returns {Promise<State>} */
  async #subscribe() {
    const { key } = await this.wire.pushOf(this.room);
    if (!key) return 'server';
    const registration = await this.page.navigator.serviceWorker.register('/sw.js', { scope: this.scope });
    let subscription;
    try {
      await activated(registration);
      subscription = await subscribed(registration.pushManager, bytes(key));
    } catch (why) {
      return /** @type {any} */ (why).name === 'NotAllowedError' ? 'denied' : 'failed';
    }
    await this.wire.wakeMe(this.room, subscription.toJSON(), this.language);
    return 'on';
  }

  /** The worker of this room, if there is one: a browser gives that of a part of the path, too. */
  async #registration() {
    const found = await this.page.navigator.serviceWorker.getRegistration(this.scope);
    return found && new URL(found.scope).pathname === this.scope ? found : undefined;
  }

  async #subscription() {
    return (await this.#registration())?.pushManager.getSubscription();
  }
}

/** The subscription of a worker with a key: one that has another (of a server that was set up anew) goes. @param {any} manager @param {Uint8Array} key */
async function subscribed(manager, key) {
  const known = await manager.getSubscription();
  if (known && same(known.options?.applicationServerKey, key)) return known;
  await known?.unsubscribe();
  return manager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
}

/** Wait for a worker that can be woken. @param {any} registration */
async function activated({ active, waiting, installing }) {
  const worker = active ?? waiting ?? installing;
  if (worker.state === 'activated') return;
  await new Promise((resolve, reject) => {
    worker.addEventListener('statechange', () => {
      if (worker.state === 'activated') resolve(undefined);
      else if (worker.state === 'redundant') reject(new Error('the worker does not start'));
    });
  });
}

/** @param {ArrayBuffer|undefined|null} known @param {Uint8Array} key */
function same(known, key) {
  return Boolean(known) && new Uint8Array(/** @type {ArrayBuffer} */ (known)).join() === key.join();
}

/** The bytes of base64url. @param {string} text */
export function bytes(text) {
  return Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (letter) => letter.charCodeAt(0));
}

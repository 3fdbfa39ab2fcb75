/** The edges of a page that speaks: a microphone, its meter, ways to the server, a player. What they do, a test decides. */
import { FilePath } from '../../../static/js/session/file-path.js';
import { RtcPath } from '../../../static/js/session/rtc-path.js';
import { openSpeaking } from '../../../static/js/session/speaking.js';

/** A promise that a test settles. @template T */
export class Later {
  /** @type {(value: T) => void} */ resolve = () => {};
  /** @type {(why: Error) => void} */ reject = () => {};
  /** @type {Promise<T>} */ promise = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));
}

export class FakeMicrophone {
  /** @type {any} */ state = 'unasked';
  /** @type {any} */ track = null;
  /** @type {Later<any>|null} a dialog or a device that has not answered */ asked = null;
  isGranted = true;
  opened = 0;

  /** @param {() => void} changed @param {{waits?: boolean}} [options] */
  constructor(changed, { waits = false } = {}) {
    this.changed = changed;
    this.waits = waits;
  }

  async isAllowed() {
    return this.isGranted;
  }

  /** @returns {Promise<any>} */
  async open() {
    if (this.track) return this;
    this.#become('asking');
    this.asked ??= new Later();
    const { promise } = this.asked;
    if (!this.waits) this.allow();
    return promise;
  }

  /** The dialog is answered, or the device is ready. */
  allow() {
    const { asked } = this;
    if (!asked) return;
    this.asked = null;
    this.opened += 1;
    this.track = { id: this.opened };
    this.#become('open');
    asked.resolve(this);
  }

  /** @param {any} state */
  refuse(state = 'refused') {
    const { asked } = this;
    this.asked = null;
    this.#become(state);
    asked?.reject(new DOMException(state, 'NotAllowedError'));
  }

  unplug() {
    if (!this.track) return;
    this.track = null;
    this.#become('closed');
  }

  close() {
    this.track = null;
    if (this.state === 'open') this.#become('closed');
  }

  getAudioTracks() {
    return [this.track];
  }

  /** @param {any} state */
  #become(state) {
    this.state = state;
    this.changed();
  }
}

export class FakePeer {
  isUp = true;
  isKnown = true;
  waits = false;
  /** @type {Later<any>|null} a question to the server that is not answered */ checked = null;
  isClosed = false;
  lost = () => {};
  /** @type {any} what it sends */ track = null;

  /** @param {string} id @param {any} track @param {(id: string) => void} closed by the page: the server is told */
  constructor(id, track, closed) {
    this.id = id;
    this.track = track;
    this.closed = closed;
  }

  /** @returns {Promise<boolean>} */
  async isForgotten() {
    this.checked?.resolve(undefined);
    this.checked = this.waits ? new Later() : null;
    await this.checked?.promise;
    return !this.isKnown;
  }

  close() {
    this.isUp = false;
    this.isClosed = true;
    this.closed(this.id);
  }
}

export class FakeDevices {
  /** @type {FakePeer[]} */ peers = [];
  /** @type {Error|null} why no peer can be had */ blocked = null;
  /** @type {Blob[]} */ uploads = [];
  /** @type {any} */ microphone = null;
  meter = { level: 0, isLoud: false, began_ago_ms: /** @type {number|null} */ (null), watcher: /** @type {((hop: any) => void)|null} */ (null), prepare: async () => {}, follow() {}, arm() {} };
  awake = false;
  /** @type {(peer: string) => void} */ closed = () => {};
  recording = false;
  /** @type {(take: Blob) => Promise<any>} */ uploaded = async () => ({});

  /** @param {{waits?: boolean}} [options] */
  constructor(options = {}) {
    this.options = options;
  }

  /** @returns {any} */
  get #whip() {
    return {
      publish: async (/** @type {string} */ _room, /** @type {any} */ track) => {
        await null;
        if (this.blocked) throw this.blocked;
        const peer = new FakePeer(`peer-${this.peers.length + 1}`, track, (id) => this.closed(id));
        peer.waits = Boolean(this.options.waits);
        this.peers.push(peer);
        return peer;
      },
      feed: async (/** @type {FakePeer} */ peer, /** @type {any} */ track) => {
        const isNew = peer.track !== track;
        peer.track = track;
        return isNew;
      },
      flowing: async () => true,
      packetsSent: async () => 0,
    };
  }

  get #recorder() {
    return {
      start: async () => void (this.recording = true),
      stop: async () => {
        this.recording = false;
        return new Blob(['said']);
      },
    };
  }

  /** @returns {Promise<any>} what a session imports to speak */
  async speaking() {
    /** @type {any} */
    const devices = {
      microphone: (/** @type {boolean} */ _raw, /** @type {() => void} */ changed) => (this.microphone = new FakeMicrophone(changed, this.options)),
      meter: () => this.meter,
      awake: () => ({ keep: (/** @type {boolean} */ on) => (this.awake = on) }),
      live: async (/** @type {string} */ room, /** @type {any} */ request, /** @type {() => void} */ lost) => new RtcPath(room, request, lost, this.#whip),
      recorded: async (/** @type {string} */ room, /** @type {any} */ request) => new FilePath(room, request, this.#recorder, (_room, take) => {
        this.uploads.push(take);
        return this.uploaded(take);
      }),
    };
    return { openSpeaking: (/** @type {any} */ wanted) => openSpeaking(wanted, devices) };
  }
}

export class FakePlayer {
  audio = { canPlayType: () => 'probably' };
  part = 0;
  /** @type {string[]} */ played = [];
  /** @type {any} */ stream = null;
  volume = 1;
  hushed = false;
  /** @type {(() => void)|null} */ #finish = null;

  unlock() {}
  wake() {}

  /** @param {any} stream */
  live(stream) {
    this.stream = stream;
  }

  /** @param {string} url @returns {Promise<void>} */
  clip(url) {
    this.stop();
    this.played.push(url);
    return new Promise((resolve) => (this.#finish = resolve));
  }

  /** What plays is at its end, or stopped. */
  stop() {
    const finish = this.#finish;
    this.#finish = null;
    finish?.();
  }

  /** @param {boolean} on */
  hush(on) {
    this.hushed = on;
  }

  /** @param {boolean} on */
  duck(on) {
    this.volume = on ? 0.1 : 1;
  }
}

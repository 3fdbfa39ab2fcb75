/** The way of a voice as a file: recorded here, uploaded when it is over. */
import { Recorder } from '../audio/recorder.js';
import { command } from '../wire/protocol.js';
import { upload } from '../wire/upload.js';

export class FilePath {
  static isSupported = Recorder.isSupported;
  kind = /** @type {const} */ ('files');
  peer = ''; // takes that nobody but this page can end
  /** @type {MediaStream|null} */ #stream = null;

  /** @param {string} room @param {import('./model.js').Request} request @param {Pick<Recorder, 'start'|'stop'>} [recorder] @param {typeof upload} [send] */
  constructor(room, request, recorder = new Recorder(), send = upload) {
    this.room = room;
    this.request = request;
    this.recorder = recorder;
    this.send = send;
  }

  /** @param {MediaStream} stream */
  async prepare(stream) {
    this.#stream = stream;
  }

  /** Announce an upload (an empty peer), so that the round waits for it. @param {string|undefined} round */
  async begin(round) {
    if (!this.#stream) return;
    await this.request(command('speak.start', { peer: '', ...(round && { round }) }));
    await this.recorder.start(this.#stream);
  }

  async end() {
    await this.send(this.room, await this.recorder.stop());
  }

  async isForgotten() {
    return false;
  }

  async release() {
    this.#stream = null;
  }

  close() {
    this.recorder.stop();
  }
}

/** A WebSocket whose other end is the test. */

export class FakeSocket {
  /** @type {FakeSocket[]} */ static all = [];
  readyState = 0;
  /** @type {any[]} */ sent = [];
  /** @type {(frame: {data: string}) => void} */ onmessage = () => {};
  /** @type {(event: {code: number}) => void} */ onclose = () => {};

  /** @param {string} url @param {string[]} [protocols] */
  constructor(url, protocols = []) {
    this.url = url;
    this.protocols = protocols;
    FakeSocket.all.push(this);
  }

  static get last() {
    return /** @type {FakeSocket} */ (FakeSocket.all.at(-1));
  }

  /** @param {string} text */
  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.readyState = 3;
  }

  /** The server sends one frame. @param {...unknown} messages */
  says(...messages) {
    this.readyState = 1;
    this.onmessage({ data: JSON.stringify(messages.length === 1 ? messages[0] : messages) });
  }

  /** The server goes. @param {number} code */
  goes(code) {
    this.readyState = 3;
    this.onclose({ code });
  }
}

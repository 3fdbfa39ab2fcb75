/**
 * The admin's side of the HTTP interface. The token goes with each request, and into no address.
 *
 * @typedef {{reason: string, text: string, at_ms: number}} ReportWords
 * @typedef {{id: string, room: string, room_name: string, public: boolean, locked: boolean, kind: 'clip'|'text', target: string,
 *   by: import('./protocol.js').Voice|null, text: string, media: string, count: number, hidden: boolean, muted: boolean, held: string,
 *   at_ms: number, reasons: ReportWords[]}} Report
 * @typedef {{room: string, room_name: string, seq: number, at_ms: number, action: string, target: string, note: string,
 *   undo: string}} Act
 */
import { encoded, problemOf } from './protocol.js';

export class Admin {
  /** @param {string} token */
  constructor(token) {
    this.token = token;
  }

  /** What waits for a decision, newest first. @returns {Promise<Report[]>} */
  async reports() {
    return (await this.#json('/api/admin/reports')).reports;
  }

  /** What the admin did, newest first. @returns {Promise<Act[]>} */
  async acts() {
    return (await this.#json('/api/admin/audit')).acts;
  }

  /** @param {string} report @param {string} decision @param {string} note @returns {Promise<{changed: boolean}>} */
  decide(report, decision, note) {
    return this.#json(`/api/admin/reports/${report}`, { decision, note });
  }

  /** @param {string} room @param {string} action @param {string} target @param {string} [note] @returns {Promise<{changed: boolean}>} */
  act(room, action, target, note = '') {
    return this.#json(`/api/admin/rooms/${room}/acts`, { action, target, note });
  }

  /** The sound of a clip: a player alone could not bring the token. @param {string} media */
  async sound(media) {
    return (await this.#asked(media)).blob();
  }

  /** @param {string} path @param {object} [told] */
  async #json(path, told) {
    return (await this.#asked(path, told)).json();
  }

  /** @param {string} path @param {object} [told] */
  async #asked(path, told) {
    const Authorization = `Bearer ${this.token}`;
    const response = await (told
      ? fetch(path, { method: 'POST', body: encoded(told), headers: { Authorization, 'Content-Type': 'application/json' } })
      : fetch(path, { headers: { Authorization }, cache: 'no-store' }));
    if (!response.ok) throw await problemOf(response);
    return response;
  }
}

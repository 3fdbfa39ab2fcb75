/** The open rooms, liveliest first; looked up again now and then while somebody looks. */
import '../lib/words-lobby.js';
import { h, keep, say } from '../lib/dom.js';
import { counted, t } from '../lib/text.js';
import { publicRooms } from '../wire/rooms.js';

/** @typedef {import('../wire/protocol.js').Room} Room */

const AGAIN_MS = 10_000;
const ROOMS = 12; // at first: what comes after them is to be found as well

export class LobbyList extends HTMLElement {
  #rooms = ROOMS;

  connectedCallback() {
    this.state = h('p', { class: 'empty', role: 'status' }, t('lobby.loading'));
    this.retry = h('button', { type: 'button', class: 'quiet', hidden: true, onclick: () => this.look() }, t('lobby.retry'));
    this.list = h('ul', { class: 'rooms' });
    this.ariaBusy = 'true'; // and tall, so that nothing below moves when the rooms come
    this.more = h('button', { type: 'button', class: 'quiet', hidden: true, onclick: () => ((this.#rooms = Infinity), this.look()) }, t('lobby.more'));
    this.append(this.list, this.state, this.retry, this.more);
    this.look();
    setInterval(() => document.hidden || this.look(), AGAIN_MS);
    document.addEventListener('visibilitychange', () => document.hidden || this.look());
  }

  async look() {
    try {
      this.#show(await publicRooms());
    } catch {
      this.#tell(t('lobby.failed'), true);
    }
  }

  /** @param {Room[]} rooms */
  #show(rooms) {
    keep(/** @type {Element} */ (this.list), rooms.slice(0, this.#rooms), (room) => room.id, roomCard, updateCard);
    if (this.more) this.more.hidden = rooms.length <= this.#rooms;
    this.#tell(rooms.length ? '' : t('lobby.empty'), false);
  }

  /** @param {string} words @param {boolean} again */
  #tell(words, again) {
    if (!this.state || !this.retry) return;
    this.ariaBusy = 'false';
    say(this.state, words);
    this.state.hidden = !words;
    this.retry.hidden = !again;
  }
}

/** @param {Room} room */
function roomCard(room) {
  const name = room.name || t(`kind.${room.kind}`);
  return h('li', {}, h('a', { class: 'room-card', href: `/r/${encodeURIComponent(room.id)}`, 'data-room': room.id, 'data-kind': room.kind },
    h('span', { class: 'room-kind' }, t(`kind.${room.kind}`), ' · ', room.language.toUpperCase()),
    h('strong', { dir: 'auto', lang: room.language }, name),
    h('span', { class: 'room-theme', dir: 'auto', lang: room.language }, room.theme || room.rules),
    h('span', { class: 'room-life' })));
}

/** @param {HTMLElement} card @param {Room} room */
function updateCard(card, { speakers, listeners, clips }) {
  const life = [
    speakers > 0 && counted('lobby.speaking', speakers),
    listeners > 0 && counted('lobby.listening', listeners),
    clips > 0 && counted('lobby.clips', clips),
  ].filter(Boolean);
  card.dataset.lively = String(speakers + listeners > 0);
  say(/** @type {Element} */ (card.querySelector('.room-life')), life.join(' · ') || t('lobby.quiet'));
}

customElements.define('lobby-list', LobbyList);

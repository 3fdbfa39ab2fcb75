/** The open rooms, one's own language first; looked up again now and then while somebody looks. */
import '../lib/words-lobby.js';
import { h, keep, say } from '../lib/dom.js';
import { time } from '../lib/format.js';
import { counted, language, t } from '../lib/text.js';
import { crowdLine, dailyOf, found, lobbyOf } from '../room/lobby.js';
import { publicRooms } from '../wire/rooms.js';

/** @typedef {import('../wire/protocol.js').Room} Room */

const AGAIN_MS = 10_000;
const ROOMS = 12; // of a language at first: what comes after them is to be found as well
const MANY = 8; // from this many on they can be searched

const languages = new Intl.DisplayNames([language], { type: 'language' });

export class LobbyList extends HTMLElement {
  #most = ROOMS;
  /** @type {Room[]} */ #rooms = [];

  connectedCallback() {
    this.state = h('p', { class: 'empty', role: 'status' }, t('lobby.loading'));
    this.retry = h('button', { type: 'button', class: 'quiet', hidden: true, onclick: () => this.look() }, t('lobby.retry'));
    this.filter = h('input', { type: 'search', id: 'find-room', placeholder: t('lobby.filter'), 'aria-label': t('lobby.filter'), hidden: true, oninput: () => this.#draw(),
      onfocus: () => this.scrollIntoView({ block: 'start' }) }); // what is found stands below it, on a phone above a keyboard
    this.own = h('ul', { class: 'rooms' });
    this.heading = h('h3', {}, t('lobby.others'));
    this.others = h('ul', { class: 'rooms' });
    this.ariaBusy = 'true'; // and tall, so that nothing below moves when the rooms come
    this.more = h('button', { type: 'button', class: 'quiet', hidden: true, onclick: () => ((this.#most = Infinity), this.#draw()) }, t('lobby.more'));
    this.why = h('span');
    this.deaf = h('p', { class: 'empty', id: 'no-captions', hidden: true }, t('lobby.captions'), ' ', this.why);
    this.telegram = h('a', { id: 'telegram', class: 'empty', hidden: true, rel: 'noreferrer' }, t('lobby.telegram'));
    this.crowd = h('p', { class: 'crowd', id: 'crowd' });
    this.dailyCount = h('span', { class: 'daily-count' });
    this.daily = h('a', { class: 'daily', id: 'daily', hidden: true }, h('strong', {}, t('lobby.daily')), this.dailyCount);
    this.append(this.daily, this.crowd, this.filter, this.state, this.retry, this.own, this.heading, this.others, this.more, this.deaf, this.telegram);
    this.heading.hidden = true;
    this.look();
    setInterval(() => document.hidden || this.look(), AGAIN_MS);
    document.addEventListener('visibilitychange', () => document.hidden || this.look());
  }

  async look() {
    try {
      const { rooms, captions_off: why = '', telegram = '', ...crowd } = await publicRooms();
      this.#rooms = rooms;
      this.#draw();
      if (this.crowd) say(this.crowd, crowdLine(crowd, { counted, t, time }));
      if (this.deaf) this.deaf.hidden = !why;
      if (this.why) say(this.why, why);
      if (this.telegram) linkTo(this.telegram, telegram);
    } catch {
      this.#tell(t('lobby.failed'), true);
    }
  }

  #draw() {
    const { own, others, heading, more, filter } = this;
    if (!own || !others || !heading || !more || !filter) return;
    const rooms = found(this.#rooms, filter.value, calledOf);
    const lobby = lobbyOf(rooms, language);
    keep(own, lobby.own.slice(0, this.#most), (room) => room.id, roomCard, updateCard);
    keep(others, lobby.others.slice(0, this.#most), (room) => room.id, roomCard, updateCard);
    heading.hidden = !lobby.others.length || !lobby.own.length;
    filter.hidden = this.#rooms.length < MANY;
    more.hidden = Math.max(lobby.own.length, lobby.others.length) <= this.#most;
    this.#tell(rooms.length ? '' : t(filter.value ? 'lobby.none' : 'lobby.empty'), false);
    leadIn(lobbyOf(this.#rooms, language).liveliest);
    this.#tellDaily();
  }

  #tellDaily() {
    const found = dailyOf(this.#rooms, language, new Date().toISOString().slice(0, 10));
    if (!this.daily || !this.dailyCount) return;
    this.daily.hidden = !found;
    if (!found) return;
    this.daily.href = `/r/${encodeURIComponent(found.room)}?daily`;
    say(this.dailyCount, found.answered ? counted('lobby.daily.answered', found.answered) : t('lobby.daily.first'));
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

/** Show a link where it leads somewhere. @param {HTMLAnchorElement} link @param {string} address */
function linkTo(link, address) {
  link.hidden = !address.startsWith('https://t.me/');
  if (!link.hidden) link.href = address;
}

/** The orb leads into the liveliest room of one's language. @param {Room|null} room */
function leadIn(room) {
  const orb = document.getElementById('orb');
  const hint = document.getElementById('orb-hint');
  if (!room || !orb || !hint) return;
  const name = nameOf(room);
  orb.setAttribute('href', linkOf(room));
  orb.setAttribute('aria-label', t('lobby.orb', { name }));
  say(hint, t('lobby.orb.hint', { name }));
}

/** @param {Room} room */
function nameOf({ name, kind }) {
  return name || t(`kind.${kind}`);
}

/** @param {Room} room */
function linkOf({ id }) {
  return `/r/${encodeURIComponent(id)}`;
}

/** By what a room can be found. @param {Room} room */
function calledOf(room) {
  return [nameOf(room), room.theme, room.description, t(`kind.${room.kind}`), languages.of(room.language)].join(' ');
}

/** @param {Room} room */
function roomCard(room) {
  const spoken = room.language === language ? [] : [' · ', languages.of(room.language)];
  return h('li', {}, h('a', { class: 'room-card', href: linkOf(room), 'data-room': room.id, 'data-kind': room.kind },
    h('span', { class: 'room-kind' }, t(`kind.${room.kind}`), ...spoken),
    h('strong', { dir: 'auto', lang: room.language }, nameOf(room)),
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

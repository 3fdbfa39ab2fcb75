/**
 * Rooms around here. The device's place is asked for on a tap only, becomes a coarse cell on the
 * device, and is forgotten; a list of cities does it with no place at all.
 */
import '../lib/words-lobby.js';
import '../lib/words-refused.js';
import { h, say } from '../lib/dom.js';
import { geohash } from '../lib/geohash.js';
import { cities as cityNames, nearestCity, translated } from '../lib/places.js';
import { sheet } from '../lib/sheet.js';
import { language, refusal, t } from '../lib/text.js';
import { openRoom, roomsNear } from '../wire/rooms.js';

const SIZES = [5, 4, 3];

export async function open() {
  const state = h('p', { class: 'sheet-note', role: 'status', id: 'around-state' });
  const offers = h('ul', { class: 'choices' });
  const size = () => Number(/** @type {HTMLInputElement} */ (sizes.querySelector(':checked')).value);
  const sizes = sizeChoice();
  const find = (/** @type {string} */ cell, /** @type {string} */ name) => look(cell, name, state, offers);
  const locate = h('button', { type: 'button', class: 'primary', id: 'locate', onclick: () => locateMe(size(), state, find) }, t('around.locate'));
  await sheet('around-sheet', t('lobby.around'), sizes, locate, h('p', { class: 'sheet-note' }, t('around.private')), cities(size, find), state, offers);
}

function sizeChoice() {
  return h('fieldset', { class: 'kinds' }, h('legend', {}, t('around.size')), ...SIZES.map((letters) => h('label', { class: 'kind' },
    h('input', { type: 'radio', name: 'size', value: letters, checked: letters === 4 }), h('span', {}, t(`around.size.${letters}`)))));
}

/** @param {number} letters @param {HTMLElement} state @param {(cell: string, name: string) => void} find */
function locateMe(letters, state, find) {
  say(state, t('around.locating'));
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => find(geohash(coords.latitude, coords.longitude, letters), ''),
    () => say(state, t('form.place.failed')),
    { maximumAge: 600_000, timeout: 15_000 },
  );
}

/** A city's cell has four characters; its first three are the region. @param {() => number} size @param {(cell: string, name: string) => void} find */
function cities(size, find) {
  const choose = h('select', { id: 'city' }, h('option', { value: '' }, t('around.city')), ...cityNames(language).map(({ name, cell }) => h('option', { value: cell }, name)));
  choose.addEventListener('change', () => choose.value && find(choose.value.slice(0, size()), choose.selectedOptions[0].textContent ?? ''));
  return h('label', { class: 'field' }, h('span', {}, t('around.city.label')), choose);
}

/** Show the room of a cell, and those of the cells around it when it is quiet. @param {string} cell @param {string} name @param {HTMLElement} state @param {HTMLElement} offers */
async function look(cell, name, state, offers) {
  say(state, t('lobby.loading'));
  try {
    const rooms = await roomsNear(cell);
    const here = rooms.find(({ place }) => place === cell);
    const others = rooms.filter((room) => room !== here && room.clips + room.speakers + room.listeners > 0);
    offers.replaceChildren(enter(cell, name, here, state), ...others.map(neighbour));
    say(state, foundWords(cell, others.length));
  } catch (why) {
    say(state, refusal(/** @type {Error} */ (why)));
  }
}

/** What was found, in words: a cell is a code that nobody knows. @param {string} cell @param {number} others */
function foundWords(cell, others) {
  const place = nearestCity(cell, language);
  if (others) return t('around.near');
  return place ? t('around.found', { place }) : t('around.found.far');
}

/** @param {string} cell */
function defaultName(cell) {
  const place = nearestCity(cell, language);
  return place ? t('around.name', { place }) : t('kind.local');
}

/** @param {string} cell @param {string} name @param {import('../wire/rooms.js').Room|undefined} room @param {HTMLElement} state */
function enter(cell, name, room, state) {
  const press = async () => {
    try {
      const made = room ?? (await openRoom({ kind: 'local', place: cell, name: name || defaultName(cell), language, public: true }));
      location.assign(`/r/${encodeURIComponent(made.id)}`);
    } catch (why) {
      say(state, refusal(/** @type {Error} */ (why)));
    }
  };
  return h('li', {}, h('button', { type: 'button', class: 'choice', id: 'around-enter', onclick: press },
    h('strong', { dir: 'auto' }, room ? translated(room.name, language) : name || defaultName(cell)), h('span', {}, t(room ? 'around.enter' : 'around.first'))));
}

/** @param {import('../wire/rooms.js').Room} room */
function neighbour(room) {
  return h('li', {}, h('a', { class: 'choice', href: `/r/${encodeURIComponent(room.id)}` }, h('strong', { dir: 'auto' }, translated(room.name, language)), h('span', {}, t('around.next'))));
}

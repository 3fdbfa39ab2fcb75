import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crowdLine, dailyOf, found, lobbyOf } from '../../static/js/room/lobby.js';

/** @param {string} id @param {string} language @param {number} [crowd] @param {boolean} [house] @returns {any} */
function room(id, language, crowd = 0, house = false) {
  return { id, language, house, name: id, listeners: crowd, speakers: 0 };
}

const ROOMS = [room('pub', 'en', 5), room('wonder', 'en', 0, true), room('kneipe', 'de', 2), room('wunder', 'de', 0, true), room('leer', 'de')];
const ids = (/** @type {any[]} */ rooms) => rooms.map(({ id }) => id);

test('rooms of ones own language come first, the room of the house on top, then the liveliest', () => {
  const { own, others } = lobbyOf(ROOMS, 'de');

  assert.deepEqual([ids(own), ids(others)], [['wunder', 'kneipe', 'leer'], ['wonder', 'pub']]);
});

test('the orb leads into the liveliest room of ones language, into that of the house when all are quiet', () => {
  assert.equal(lobbyOf(ROOMS, 'de').liveliest?.id, 'kneipe');
  assert.equal(lobbyOf(ROOMS, 'en').liveliest?.id, 'pub');
  assert.equal(lobbyOf(ROOMS.filter(({ listeners }) => !listeners), 'de').liveliest?.id, 'wunder');
  assert.equal(lobbyOf([room('pub', 'en')], 'de').liveliest?.id, 'pub', 'better than none');
  assert.equal(lobbyOf([], 'de').liveliest, null);
});

test('a room is found by all the words of what it is called', () => {
  const called = (/** @type {any} */ { name, language }) => `${name} ${language}`;

  assert.deepEqual(ids(found(ROOMS, ' WON ', called)), ['wonder']);
  assert.deepEqual(ids(found(ROOMS, 'de k', called)), ['kneipe']);
  assert.equal(found(ROOMS, '', called).length, ROOMS.length);
  assert.deepEqual(found(ROOMS, 'nothing', called), []);
});

test('how many are here and came is told as it is: no nought, nothing unknown, and since when it was counted', () => {
  const words = {
    counted: (/** @type {string} */ key, /** @type {number} */ n) => `${n} ${key}`,
    t: (/** @type {string} */ key, /** @type {Record<string, string>} */ values) => `${key}(${Object.values(values).join()})`,
    time: (/** @type {number} */ ms) => `at ${ms}`,
  };
  const day_ms = 86_400_000;

  assert.equal(crowdLine({ now: { people: 3, rooms: 2 }, today: { people: 41, since_ms: 5 * day_ms } }, words),
    `lobby.now(3 lobby.people,2 lobby.rooms) · lobby.came.today(41 lobby.people,at ${5 * day_ms})`);
  assert.equal(crowdLine({ now: { people: 0, rooms: 0 }, today: { people: 1, since_ms: day_ms + 7 } }, words), `lobby.came.since(1 lobby.people,at ${day_ms + 7})`);
  assert.equal(crowdLine({ now: { people: 0, rooms: 0 }, today: { people: null, since_ms: 0 } }, words), '');
  assert.equal(crowdLine({}, words), '');
});

test('the prompt of the day is asked in the house of ones language, with the answers of today alone', () => {
  const daily = { day: '2026-11-28', answered: 41 };
  const rooms = [{ ...room('pub', 'en', 5), daily }, { ...room('wonder', 'en', 0, true), daily }];

  assert.deepEqual(dailyOf(rooms, 'en', '2026-11-28'), { room: 'wonder', answered: 41 });
  assert.deepEqual(dailyOf(rooms, 'en', '2026-11-29'), { room: 'wonder', answered: 0 });
  assert.deepEqual([dailyOf(rooms, 'de', '2026-11-28'), dailyOf([room('wonder', 'en', 0, true)], 'en', '')], [null, null]);
});

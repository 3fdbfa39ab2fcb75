import assert from 'node:assert/strict';
import { test } from 'node:test';
import { found, lobbyOf } from '../../static/js/room/lobby.js';

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

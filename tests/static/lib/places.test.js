import assert from 'node:assert/strict';
import { test } from 'node:test';
import { centre, geohash } from '../../../static/js/lib/geohash.js';
import { cities, cityName, nearestCity, PLACES, translated } from '../../../static/js/lib/places.js';

test('the middle of a cell lies in the cell', () => {
  for (const [name, cell] of PLACES) {
    for (const letters of [3, 4]) {
      const { latitude, longitude } = centre(cell.slice(0, letters));
      assert.equal(geohash(latitude, longitude, letters), cell.slice(0, letters), name);
    }
  }
});

test('cities have their names in the language of the list, and its order', () => {
  const german = cities('de').map(({ name }) => name);

  assert.ok(['Köln', 'München', 'Wien', 'Zürich', 'Berlin'].every((name) => german.includes(name)));
  assert.ok(!['Cologne', 'Munich', 'Vienna', 'Zurich'].some((name) => german.includes(name)));
  assert.deepEqual(german, german.toSorted((a, b) => a.localeCompare(b, 'de')));
  assert.equal(new Set(german).size, PLACES.length);
  assert.equal(cities('en').find(({ cell }) => cell === 'u1hc')?.name, 'Cologne');
});

test('a cell is told by the big city that it is near to, and by no code', () => {
  for (const place of PLACES) assert.equal(nearestCity(place[1], 'de'), cityName(place, 'de'));
  assert.equal(nearestCity('u1hce', 'en'), 'Cologne');
  assert.equal(nearestCity('s000', 'en'), '', 'the middle of the sea');
});

test('a room that was named for a city in one language is called so in the other', () => {
  assert.equal(translated('Cologne', 'de'), 'Köln');
  assert.equal(translated('Köln', 'en'), 'Cologne');
  assert.equal(translated('Our kitchen', 'de'), 'Our kitchen');
});

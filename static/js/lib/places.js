/** Big cities and their cells, for those who would rather not be located, and to say where a cell is. */
import { centre } from './geohash.js';

/** Name, cell of 4 characters (its first 3 are the region), and the German name where it is another. @type {[name: string, cell: string, german?: string][]} */
export const PLACES = [
  ['Amsterdam', 'u173'],
  ['Athens', 'swbb', 'Athen'],
  ['Auckland', 'rckq'],
  ['Bangkok', 'w4rq'],
  ['Barcelona', 'sp3e'],
  ['Basel', 'u0mq'],
  ['Beijing', 'wx4f', 'Peking'],
  ['Berlin', 'u33d'],
  ['Bogotá', 'd2g6'],
  ['Brussels', 'u151', 'Brüssel'],
  ['Bucharest', 'sxfs', 'Bukarest'],
  ['Budapest', 'u2mw'],
  ['Buenos Aires', '69y7'],
  ['Cairo', 'stq4', 'Kairo'],
  ['Cape Town', 'k3vp', 'Kapstadt'],
  ['Chicago', 'dp3w'],
  ['Cologne', 'u1hc', 'Köln'],
  ['Copenhagen', 'u3bu', 'Kopenhagen'],
  ['Delhi', 'ttnf'],
  ['Dresden', 'u31f'],
  ['Dublin', 'gc7x'],
  ['Frankfurt', 'u0yj'],
  ['Geneva', 'u0hq', 'Genf'],
  ['Graz', 'u26g'],
  ['Hamburg', 'u1x0'],
  ['Helsinki', 'ud9w'],
  ['Hong Kong', 'wecn', 'Hongkong'],
  ['Istanbul', 'sxk9'],
  ['Jakarta', 'qqgu'],
  ['Johannesburg', 'ke7f'],
  ['Kyiv', 'u8vx', 'Kyjiw'],
  ['Lagos', 's14m'],
  ['Leipzig', 'u30u'],
  ['Lima', '6mc5'],
  ['Lisbon', 'eycs', 'Lissabon'],
  ['London', 'gcpv'],
  ['Los Angeles', '9q5c'],
  ['Madrid', 'ezjm'],
  ['Manila', 'wdw5'],
  ['Melbourne', 'r1r0'],
  ['Mexico City', '9g3w', 'Mexiko-Stadt'],
  ['Milan', 'u0nd', 'Mailand'],
  ['Montreal', 'f25d'],
  ['Mumbai', 'te7u'],
  ['Munich', 'u281', 'München'],
  ['Nairobi', 'kzf0'],
  ['New York', 'dr5r'],
  ['Oslo', 'u4xs'],
  ['Paris', 'u09t'],
  ['Prague', 'u2fk', 'Prag'],
  ['Rio de Janeiro', '75cm'],
  ['Rome', 'sr2y', 'Rom'],
  ['San Francisco', '9q8y'],
  ['Santiago', '66j9'],
  ['São Paulo', '6gyf'],
  ['Seoul', 'wydm'],
  ['Singapore', 'w21z', 'Singapur'],
  ['Stockholm', 'u6sc'],
  ['Stuttgart', 'u0wt'],
  ['Sydney', 'r3gx'],
  ['Tel Aviv', 'sv8w'],
  ['Tokyo', 'xn76', 'Tokio'],
  ['Toronto', 'dpz8'],
  ['Vancouver', 'c2b2'],
  ['Vienna', 'u2ed', 'Wien'],
  ['Warsaw', 'u3qc', 'Warschau'],
  ['Zurich', 'u0qj', 'Zürich'],
];

const NEAR_KM = 60;
const KM_A_DEGREE = 111;

/** @param {typeof PLACES[number]} place @param {string} language */
export function cityName([name, , german], language) {
  return language === 'de' ? (german ?? name) : name;
}

/** All cities in the order of a language. @param {string} language */
export function cities(language) {
  return PLACES.map((place) => ({ name: cityName(place, language), cell: place[1] })).sort((a, b) => a.name.localeCompare(b.name, language));
}

/** The big city that a cell is nearest to, in a language; '' when it is far from all. @param {string} cell @param {string} language */
export function nearestCity(cell, language) {
  const [place] = PLACES.map((one) => /** @type {const} */ ([one, distance_km(cell, one[1])])).sort(([, a], [, b]) => a - b);
  return place[1] <= NEAR_KM ? cityName(place[0], language) : '';
}

/** The name of a city in another language than that in which it was given. @param {string} name @param {string} language */
export function translated(name, language) {
  const place = PLACES.find(([english, , german]) => name === english || name === german);
  return place ? cityName(place, language) : name;
}

/** @param {string} one @param {string} other */
function distance_km(one, other) {
  const [a, b] = [centre(one), centre(other)];
  const east = (a.longitude - b.longitude) * Math.cos((a.latitude * Math.PI) / 180);
  return Math.hypot(a.latitude - b.latitude, east) * KM_A_DEGREE;
}

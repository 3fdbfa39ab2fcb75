/** Maps that never change: each step makes a new one. */

/** @template K, V @param {Map<K, V>} map @param {K} key @param {V} value @returns {Map<K, V>} */
export function put(map, key, value) {
  return new Map(map).set(key, value);
}

/** @template K, V @param {Map<K, V>} map @param {K} key @returns {Map<K, V>} */
export function without(map, key) {
  if (!map.has(key)) return map;
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}

/** The last of a map, by when they came in. @template K, V @param {Map<K, V>} map @param {number} kept @returns {Map<K, V>} */
export function newest(map, kept) {
  return map.size > kept ? new Map([...map].slice(-kept)) : map;
}

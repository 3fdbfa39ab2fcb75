/** A coarse place name made on the visitor's device; coordinates never leave it. */

const LETTERS = '0123456789bcdefghjkmnpqrstuvwxyz';
export const PLACE_LETTERS = 4; // about 39 by 20 km

/**
 * @param {number} latitude degrees
 * @param {number} longitude degrees
 * @param {number} [letters]
 */
export function geohash(latitude, longitude, letters = PLACE_LETTERS) {
  const ranges = [[-180, 180], [-90, 90]];
  const at = [longitude, latitude];
  let hash = '';
  for (let bit = 0, letter = 0; hash.length < letters; bit += 1) {
    const range = ranges[bit % 2];
    const middle = (range[0] + range[1]) / 2;
    const upper = at[bit % 2] >= middle;
    range[upper ? 0 : 1] = middle;
    letter = letter * 2 + (upper ? 1 : 0);
    if (bit % 5 === 4) {
      hash += LETTERS[letter];
      letter = 0;
    }
  }
  return hash;
}

/** The middle of a cell, in degrees. @param {string} cell */
export function centre(cell) {
  const ranges = [[-180, 180], [-90, 90]];
  let bit = 0;
  for (const letter of cell) {
    const value = LETTERS.indexOf(letter);
    for (let shift = 4; shift >= 0; shift -= 1, bit += 1) {
      const range = ranges[bit % 2];
      range[(value >> shift) & 1 ? 0 : 1] = (range[0] + range[1]) / 2;
    }
  }
  const [longitude, latitude] = ranges.map(([least, most]) => (least + most) / 2);
  return { latitude, longitude };
}

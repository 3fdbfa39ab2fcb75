/** The page's words, in the visitor's language; only that one is fetched. */
import { get } from './preferences.js';

const LANGUAGES = ['en', 'de'];

/** @param {readonly string[]} wanted as browsers list languages, best first */
export function chosen(wanted) {
  return wanted.map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => LANGUAGES.includes(tag)) ?? 'en';
}

export const language = chosen([get('language'), ...(globalThis.navigator?.languages ?? [])]);
/** @type {Record<string, string>} */
const words = (await import(`./text.${language}.js`)).default;

/** Add a part of the catalogue that only some need. @param {string} part */
export async function learn(part) {
  Object.assign(words, (await import(`./text.${part}.${language}.js`)).default);
}

const plural = new Intl.PluralRules(language);

/** @param {string} key @param {Record<string, string|number>} [values] */
export function t(key, values = {}) {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ''));
}

/** Choose between `key.one` and `key.other`. @param {string} key @param {number} n */
export function counted(key, n) {
  return t(`${key}.${plural.select(n) === 'one' ? 'one' : 'other'}`, { n });
}

/** @param {string} key */
export function has(key) {
  return key in words;
}

/** Words of a refusal in the visitor's language, else what the server said. @param {{code?: string, message?: string}} why */
export function refusal(why) {
  const key = `refused.${why instanceof TypeError ? 'offline' : why.code}`; // what `fetch` throws where nobody answers
  return has(key) ? t(key) : why.message || t('refused.other');
}

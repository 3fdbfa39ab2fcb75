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

/**
 * What the room says (its words, games, prompts, verdicts) and what is said in it is in the room's language, what the page says is
 * in the visitor's. This says so where they differ, else it is empty. @param {string} spoken the room's language
 */
export function spokenHere(spoken) {
  return spoken === language ? '' : t('room.spoken', { language: new Intl.DisplayNames(language, { type: 'language' }).of(spoken) ?? spoken });
}

/** @param {string} key */
export function has(key) {
  return key in words;
}

/** Whether why something was refused can be said by now; what is seldom refused is in a part of its own. @param {string} [code] */
export function hasRefusal(code) {
  return has(`refused.${code}`);
}

const VAGUE = 'bad_value'; // of many things: to who reads English the server says which

/**
 * Words of a refusal in the visitor's language. The sentences of the server are English, so they stand for what no
 * text knows (a newer server, what only programs do wrong) to who reads English.
 * @param {{code?: string, message?: string}} why
 */
export function refusal(why) {
  const { code, message } = why instanceof TypeError ? { code: 'offline', message: '' } : why; // what `fetch` throws where nobody answers
  const told = language === 'en' && (code === VAGUE || !hasRefusal(code)) ? message : '';
  return told || t(hasRefusal(code) ? `refused.${code}` : 'refused.other');
}

/** "The evening as one file": a round, tonight or an earlier evening, with what it would be before it is fetched. */
import '../lib/words-evening.js';
import { h, say, set } from '../lib/dom.js';
import { clockLength, day, time } from '../lib/format.js';
import { sheet } from '../lib/sheet.js';
import { counted, refusal, t } from '../lib/text.js';
import { evenings, recording } from '../wire/evenings.js';

/** @typedef {import('../session/session.js').Session} Session */
/** @typedef {{words: string, which: Record<string, string>}} Part */

const FORMS = /** @type {const} */ (['m4a', 'ogg', 'vtt']);

/** @param {Session} session */
export async function open(session) {
  const select = h('select', { id: 'evening-part' });
  const facts = h('p', { class: 'sheet-note', id: 'evening-facts', role: 'status' });
  const links = Object.fromEntries(FORMS.map((form) => [form, h('a', { class: form === 'm4a' ? 'primary' : 'quiet', download: true, 'data-form': form }, t(`evening.form.${form}`))]));
  const row = h('div', { class: 'sheet-row evening-files', hidden: true }, ...Object.values(links));
  const which = h('label', { class: 'field', for: 'evening-part', hidden: true }, h('span', {}, t('evening.which')), select);
  await sheet('evening-sheet', t('evening.title'), h('p', {}, t('evening.about')), which, facts, row, h('p', { class: 'sheet-note' }, t('evening.fair')));
  const chooser = new Chooser(session.id, (found, words) => {
    say(facts, words);
    set(row, { hidden: !found });
    for (const [form, link] of Object.entries(links)) set(link, { href: found?.media[/** @type {'ogg'} */ (form)] });
  });
  const parts = await chooser.begin(session.model.state, Date.now());
  set(which, { hidden: !parts.length });
  select.append(...parts.map(({ words }, at) => h('option', { value: at }, words)));
  select.addEventListener('change', () => chooser.choose(parts[Number(select.value)]));
}

/** Asks what each part would be; only the part that was chosen last counts. */
export class Chooser {
  #asked = 0;

  /** @param {string} room @param {(found: import('../wire/evenings.js').Recording|null, words: string) => void} show @param {{evenings: typeof evenings, recording: typeof recording}} [wire] */
  constructor(room, show, wire = { evenings, recording }) {
    this.room = room;
    this.show = show;
    this.wire = wire;
  }

  /** Return the parts there are, and tell of the newest evening, which is the first. @param {any} state @param {number} now_ms @returns {Promise<Part[]>} */
  async begin(state, now_ms) {
    try {
      const found = await this.wire.evenings(this.room);
      if (!found.length) return this.show(null, t('evening.none')), [];
      const parts = [...partsOf(found, now_ms), ...roundsOf(state)];
      await this.choose(parts[0]);
      return parts;
    } catch (why) {
      return this.show(null, refusal(/** @type {any} */ (why))), [];
    }
  }

  /** @param {Part} part */
  async choose({ which }) {
    this.#asked += 1;
    const asked = this.#asked;
    try {
      const found = await this.wire.recording(this.room, which);
      if (asked === this.#asked) this.show(found, `${counted('evening.clips', found.clips)} · ${t('evening.length', { length: clockLength(found.duration_ms) })}`);
    } catch (why) {
      const { code } = /** @type {any} */ (why);
      if (asked === this.#asked) this.show(null, code === 'no_such_clip' ? t('evening.none') : refusal(/** @type {any} */ (why)));
    }
  }
}

/** @param {import('../wire/evenings.js').Evening[]} found @param {number} now_ms @returns {Part[]} */
function partsOf(found, now_ms) {
  return found.map(({ from_ms, to_ms }) => ({
    words: t('evening.of', { day: day(from_ms, now_ms).words, from: time(from_ms), to: time(to_ms) }),
    which: { from_ms: String(from_ms), to_ms: String(to_ms) },
  }));
}

/** The round that runs, or the one before, when something was said in it. @param {any} state @returns {Part[]} */
function roundsOf({ round, last_round }) {
  const one = round?.takes.length ? round : last_round;
  return one?.takes.length ? [{ words: t(one === round ? 'evening.round' : 'evening.last'), which: { round: one.id } }] : [];
}

/** Runs the words of what is heard along with its sound: large on the stage, and in its row. */
import { h, set } from '../lib/dom.js';
import { get } from '../lib/preferences.js';
import { signed } from '../lib/shape.js';
import { dressed } from '../lib/sheet.js';
import { isMarkable, lineAt, spokenAt, talkOf } from '../room/words.js';

/** @typedef {import('../session/session.js').Session} Session */
/** @typedef {import('../room/state.js').Clip} Clip */

const STYLES = '/static/css/words.css';
const FRESH_MS = 12_000; // words of a clip that landed so long ago are news
const READ_MS = 2_500; // how long they stand on the stage where nothing plays, and how much longer for each word
const READ_A_WORD_MS = 250;

export class SpokenWords {
  #frame = 0;
  /** @type {HTMLElement|null} */ #row = null;
  /** What was told of a clip that nobody plays. */ #news = { clip: '', until_ms: 0 };
  /** @type {string|undefined} */ #newest;
  /** A line that a machine wrote to who is here alone. */ #talk = { seq: 0, until_ms: 0 };

  /** `place` is where they are shown: over something else, so that nothing moves. @param {Session} session @param {Element} place */
  constructor(session, place) {
    this.session = session;
    // Who hears the page read out hears the clip, and finds the words in its row.
    this.bar = h('p', { class: 'spoken', 'aria-hidden': 'true', dir: 'auto', hidden: true });
    place.append(this.bar);
    /** Settled when its look is there, and that of the search. */
    this.dressed = dressed(STYLES);
    session.store.watch(() => this.#run());
  }

  /** Follow the sound, frame by frame, for as long as it has words. */
  #run() {
    cancelAnimationFrame(this.#frame);
    this.#hearNews();
    if (this.#show(this.#hearTalk())) this.#frame = requestAnimationFrame(() => this.#run());
  }

  /** Words that come for the newest clip stand on the stage for a while, whoever plays it. */
  #hearNews() {
    const { state } = this.session.model;
    const clip = [...state.clips.values()].at(-1);
    const key = clip?.caption ? clip.clip : '';
    if (key === this.#newest) return;
    const isNew = this.#newest !== undefined && clip && key && this.session.clock.server_ms - clip.at_ms < FRESH_MS;
    this.#newest = key;
    if (isNew) this.#news = { clip: key, until_ms: this.session.clock.now() + READ_MS + READ_A_WORD_MS * clip.words.length };
  }

  /** What the room's machine says is read where one looks: the chat of a phone is behind a tab. Returns its newest line. */
  #hearTalk() {
    const line = talkOf(this.session.model);
    if (!line || line.seq === this.#talk.seq) return line;
    const isNew = this.session.clock.server_ms - line.at_ms < FRESH_MS;
    this.#talk = { seq: line.seq, until_ms: isNew ? this.session.clock.now() + READ_MS + READ_A_WORD_MS * line.text.split(' ').length : 0 };
    return line;
  }

  /** Show a line of the room's machine, with its name; tells whether there is one. @param {import('../room/state.js').Text|null} line */
  #showTalk(line) {
    const isShown = Boolean(line) && this.session.clock.now() < this.#talk.until_ms;
    this.bar.toggleAttribute('data-talk', isShown);
    if (!line || !isShown) return false;
    set(this.bar, { hidden: false });
    this.bar.lang = this.session.model.state.language;
    this.bar.style.setProperty('--voice', line.by?.colour ?? '');
    draw(this.bar, [`${signed(line.by)}:`, line.text], -1);
    return true;
  }

  /** Draw what is heard now; tells whether there is more to come. @param {import('../room/state.js').Text|null} talk the newest line of the room's machine */
  #show(talk) {
    const heard = this.#heard();
    this.#drawRow(heard);
    if (!heard && this.#showTalk(talk)) return true;
    this.bar.removeAttribute('data-talk');
    const isShown = heard !== null && get('captions') !== 'off';
    set(this.bar, { hidden: !isShown });
    if (!isShown) return heard !== null;
    const { clip: { words, by, caption }, at_ms } = heard;
    this.bar.lang = this.session.model.state.language;
    this.bar.style.setProperty('--voice', by?.colour ?? '');
    const { line, at } = words.length ? lineAt(words, at_ms) : { line: [caption ?? ''], at: -1 };
    draw(this.bar, line, at);
    return true;
  }

  /** What is heard, with how far it is: what the visitor plays, else what the radio does, else what has just been read. @returns {{clip: Clip, at_ms: number}|null} */
  #heard() {
    const { onAir, replaying, state } = this.session.model;
    const { player, onAir: radio, hidden, clock } = this.session;
    const isNews = clock.now() < this.#news.until_ms;
    const id = replaying ?? onAir ?? (isNews ? this.#news.clip : '');
    const clip = state.clips.get(id);
    if (!clip?.caption || hidden.has(id) || state.withheld.has(id)) return null;
    if (replaying) return { clip, at_ms: (player.audio.currentTime || 0) * 1000 };
    return { clip, at_ms: onAir ? (radio.heard?.at_ms ?? 0) : 0 };
  }

  /** The word in its row is marked, where the row's text is these words. @param {{clip: Clip, at_ms: number}|null} heard */
  #drawRow(heard) {
    const { clip, at_ms } = heard ?? { clip: null, at_ms: 0 };
    const isPlaying = clip !== null && (this.session.model.replaying ?? this.session.model.onAir) === clip.clip;
    const row = isPlaying ? document.querySelector(`.clip[data-clip="${CSS.escape(clip.clip)}"] .caption`) : null;
    if (this.#row && this.#row !== row) this.#row.textContent = this.#row.textContent; // the marks go, the words stay
    this.#row = /** @type {HTMLElement|null} */ (row);
    if (this.#row && clip && isMarkable(clip.caption ?? '', clip.words)) draw(this.#row, clip.words.map(([word]) => word), spokenAt(clip.words, at_ms));
  }
}

/** Words, of which one is being said. @param {HTMLElement} place @param {string[]} line @param {number} at */
function draw(place, line, at) {
  if (place.textContent !== line.join(' ') || place.childElementCount !== line.length) {
    place.replaceChildren(...line.flatMap((word, nth) => [nth ? ' ' : '', h('span', { class: 'word' }, word)]));
  }
  for (const [nth, word] of [...place.children].entries()) {
    word.toggleAttribute('data-now', nth === at);
    word.toggleAttribute('data-said', nth < at);
  }
}

/** The party screen: prompt, whose turn, takes as cards, and the code that leads into the room. */
import '../lib/words-play.js';
import '../lib/words-screen.js';
import { h, keep, say, set } from '../lib/dom.js';
import { recall, remember } from '../lib/storage.js';
import { signed } from '../lib/shape.js';
import { language, t } from '../lib/text.js';
import { ballotOf, cardsOf, isMute, isUnsigned, outcomeOf, whose } from '../room/screen.js';
import { offer } from '../wire/games.js';
import { codeOf } from '../wire/rooms.js';
import { View } from './view.js';

const STANDS_MS = 3_000; // sound that does not go on for so long has stopped
const DOTS = 12;
const CODE_RETRY_MS = 60_000;

/** @typedef {import('../session/model.js').Model} Model */
/** @typedef {import('../room/round.js').RoundStatus} RoundStatus */
/** @typedef {import('../room/screen.js').Outcome} Outcome */

export class ScreenStage extends View {
  #frame = 0;
  /** @type {Map<string, import('../wire/games.js').Game>} */ #games = new Map();
  #heard = { at_s: 0, seen_ms: 0 };

  build() {
    this.replaceChildren();
    this.game = h('p', { class: 'screen-game', dir: 'auto' });
    this.rule = h('p', { class: 'screen-rule', dir: 'auto' });
    this.turn = h('p', { class: 'screen-turn', role: 'status' });
    this.prompt = h('p', { class: 'screen-prompt', dir: 'auto' });
    this.below = h('p', { class: 'screen-below', dir: 'auto' });
    this.secrets = h('ul', { class: 'screen-secrets' });
    this.time = h('div', { class: 'screen-time', 'aria-hidden': 'true' });
    this.dots = h('ul', { class: 'screen-dots' });
    this.cards = h('ol', { class: 'screen-cards' });
    this.sound = h('button', { type: 'button', class: 'screen-sound', id: 'sound-on', onclick: () => this.#on() },
      h('span', {}, t('screen.sound')), h('small', {}, t('screen.sound.hint')));
    this.append(h('header', { class: 'screen-head' }, this.game, this.rule), this.sound,
      h('main', {}, h('div', { class: 'screen-main' }, this.turn, this.prompt, this.below, this.secrets, this.time, this.dots), this.cards), this.#code());
    this.#learn();
    setInterval(() => this.#listen(), 1_000);
  }

  /** The way in: a code to scan, and an address to type. */
  #code() {
    const room = encodeURIComponent(this.session.id);
    const picture = h('img', { src: `/api/rooms/${room}/qr.svg?same=room`, alt: t('screen.join.alt') });
    const code = h('span', { class: 'screen-address' });
    this.#ask(code);
    const words = h('p', {}, h('strong', {}, t('screen.join')), h('span', { class: 'screen-address', dir: 'ltr' }, `${location.host}/r/${room}`), code);
    const toggle = h('button', { type: 'button', class: 'screen-toggle', onclick: () => this.#toggle() });
    this.toggle = toggle;
    this.code = h('aside', { class: 'screen-code' }, picture, words, toggle);
    this.#shown(recall('screen-code', true));
    return this.code;
  }

  /** The three words that lead here; asked for again before they end. @param {HTMLElement} shown */
  async #ask(shown) {
    const given = await codeOf(this.session.id).catch(() => null);
    if (given) shown.replaceChildren(t('screen.words', { host: location.host }), ' ', h('b', { class: 'screen-three' }, given.code));
    setTimeout(() => this.#ask(shown), given ? given.for_ms / 2 : CODE_RETRY_MS);
  }

  #toggle() {
    const isShown = this.code?.dataset.shown !== 'true';
    remember('screen-code', isShown);
    this.#shown(isShown);
  }

  /** @param {boolean} isShown */
  #shown(isShown) {
    if (!this.code || !this.toggle) return;
    this.code.dataset.shown = String(isShown);
    say(this.toggle, t(isShown ? 'screen.code.hide' : 'screen.code.show'));
  }

  async #learn() {
    const { games } = await offer(language).catch(() => ({ games: [] }));
    this.#games = new Map(games.map((game) => [game.id, game]));
    this.update(this.session.model);
  }

  /** A browser lets no page sound without one touch. */
  #on() {
    this.session.player.unlock();
    this.session.listener.on();
    this.#heard = { at_s: 0, seen_ms: performance.now() };
    set(/** @type {HTMLElement} */ (this.sound), { hidden: true });
  }

  /** Ask for a touch again where the sound stands still, for a screen runs for hours and nobody watches its tab. */
  #listen() {
    const { audio } = this.session.player;
    if (this.session.model.hearing !== 'radio') return;
    const now_ms = performance.now();
    if (audio.currentTime !== this.#heard.at_s) this.#heard = { at_s: audio.currentTime, seen_ms: now_ms };
    const stands = now_ms - this.#heard.seen_ms > STANDS_MS;
    const button = /** @type {HTMLElement} */ (this.sound);
    if (stands) say(/** @type {Element} */ (button.firstElementChild), t('screen.sound.lost'));
    set(button, { hidden: !stands });
  }

  /** @param {Model} model */
  update(model) {
    const { status } = this.session.round;
    const told = status.phase === 'over' ? outcomeOf(model) : null;
    this.#head(status, model, told);
    this.#stage(status, model, told);
    this.#dots(status, model);
    this.#cards(status, model);
    document.body.dataset.phase = status.phase;
    document.body.dataset.kind = model.state.kind;
    document.body.dataset.closed = String(model.state.closed);
    this.session.player.audio.muted = isMute(status);
    cancelAnimationFrame(this.#frame);
    if (status.phase !== 'idle') this.#frame = requestAnimationFrame(() => this.update(this.session.model));
  }

  /** @param {RoundStatus} status @param {Model} model @param {Outcome|null} told */
  #head({ turn }, { state }, told) {
    const game = this.#games.get((state.round ?? state.last_round)?.game ?? '');
    const { number = 0, of = 0 } = /** @type {{number?: number, of?: number}} */ (turn ?? {});
    const place = state.round && of > 1 ? ` · ${number}/${of}` : '';
    say(/** @type {Element} */ (this.game), (game?.name ?? state.name) + place);
    say(/** @type {Element} */ (this.rule), told?.asked || (/** @type {{short?: string}} */ (game ?? {}).short ?? game?.rules ?? state.theme));
  }

  /** @param {RoundStatus} status @param {Model} model @param {Outcome|null} told */
  #stage(status, model, told) {
    const { state, presence, connection, me } = model;
    const others = [...presence.voices.keys()].some((id) => id !== me?.id);
    const away = connection !== 'open' ? 'screen.offline' : state.closed ? 'screen.closed' : others ? 'screen.rest' : 'screen.empty';
    const resting = status.phase === 'idle' || connection !== 'open' || state.closed;
    const text = status.step || (status.shown ? status.prompt : '');
    const prompt = /** @type {HTMLElement} */ (this.prompt);
    say(prompt, resting ? t(away) : told?.headline || text || (status.phase === 'count-in' ? String(status.count || '…') : ''));
    set(prompt, { lang: resting || (told && !told.title) ? null : state.language });
    const { length } = prompt.textContent;
    prompt.dataset.size = length > 90 || told?.secrets.length ? 'small' : length > 30 || (told && !told.title) ? 'middle' : 'large';
    const time = /** @type {HTMLElement} */ (this.time);
    time.style.setProperty('--part', String(status.part));
    set(time, { hidden: status.phase !== 'window' });
    say(/** @type {Element} */ (this.turn), resting ? '' : told ? told.title : this.#whose(status, model));
    this.#turnOver(resting ? null : told, state.language);
  }

  /** What is told of a round that is over, beside who won. @param {Outcome|null} told @param {string} language */
  #turnOver(told, language) {
    const below = /** @type {Element} */ (this.below);
    set(below, { lang: language });
    say(below, told?.below ?? '');
    keep(/** @type {Element} */ (this.secrets), told?.secrets ?? [], ({ voice, text }) => voice + text,
      () => h('li', { lang: language }, h('b', { dir: 'auto' }), h('span', { dir: 'auto' })), (item, { name, colour, text }) => {
        item.style.setProperty('--voice', colour);
        say(item.children[0], name);
        say(item.children[1], text);
      });
  }

  /** @param {RoundStatus} status @param {Model} model */
  #whose({ turn, phase }, { presence, state }) {
    if (turn?.act === 'vote') return t(ballotOf(turn));
    const names = [turn?.voice, ...(turn?.voices ?? [])].filter((id) => id).map((id) => nameOf(/** @type {string} */ (id), presence, state));
    const who = whose(turn);
    if (phase === 'over' || who === 'none') return t('screen.listen');
    if (who === 'all') return t('screen.all');
    return phase === 'count-in' ? t('screen.ready', { name: names.join(' + ') }) : names.join(' + ');
  }

  /** @param {RoundStatus} status @param {Model} model */
  #dots({ turn, phase }, { presence, state, me, hidden }) {
    const ids = (state.round?.players.length ? state.round.players : [...presence.voices.keys()]).filter((id) => id !== me?.id && !hidden.includes(id)); // a screen does not play
    const isNow = (/** @type {string} */ id) => phase !== 'over' && phase !== 'idle' && (turn?.voice === id || Boolean(turn?.voices?.includes(id)));
    keep(/** @type {Element} */ (this.dots), ids.slice(0, DOTS), (id) => id, () => h('li', {}, h('span', { class: 'dot' }), h('span', {})), (one, id) => {
      const next = /** @type {{next?: string|null}} */ (turn ?? {}).next;
      one.style.setProperty('--voice', presence.voices.get(id)?.colour ?? colourOf(id, state));
      one.dataset.state = presence.speaking.has(id) ? 'speaking' : isNow(id) ? 'now' : next === id ? 'next' : 'waits';
      say(/** @type {Element} */ (one.lastElementChild), nameOf(id, presence, state));
    });
  }

  /** @param {RoundStatus} status @param {Model} model */
  #cards({ phase }, { state, presence, onAir, hidden }) {
    const unsigned = isUnsigned(state);
    const all = phase === 'idle' && !state.last_round ? [] : cardsOf(state, presence.voices, onAir).filter(({ clip }) => !hidden.includes(clip));
    keep(/** @type {Element} */ (this.cards), all, ({ clip }) => clip, () => h('li', { class: 'screen-card' }, h('span', { class: 'dot' }), h('b', {}), h('span', { dir: 'auto' }), h('i', {})),
      (one, card) => {
        const at = all.indexOf(card) + 1;
        one.style.setProperty('--voice', unsigned ? '' : card.colour);
        one.dataset.lit = String(card.lit);
        one.dataset.winner = String(card.winner);
        say(one.children[1], unsigned ? t('screen.answer', { n: at }) : card.name);
        say(one.children[2], card.text || (card.written ? t('screen.typed') : ''));
        say(one.children[3], card.hearts && !unsigned ? `♥ ${card.hearts}` : '');
      });
  }
}

/** @param {string} id @param {import('../room/presence.js').Presence} presence @param {import('../room/state.js').RoomState} state */
function nameOf(id, presence, state) {
  return signed(presence.voices.get(id) ?? clipOf(id, state)?.by) || '…';
}

/** @param {string} id @param {import('../room/state.js').RoomState} state */
function colourOf(id, state) {
  return clipOf(id, state)?.by?.colour ?? '';
}

/** @param {string} id @param {import('../room/state.js').RoomState} state */
function clipOf(id, state) {
  return [...state.clips.values()].find(({ by }) => by?.id === id);
}

customElements.define('screen-stage', ScreenStage);

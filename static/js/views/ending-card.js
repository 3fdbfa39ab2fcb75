/** How a round ended: one card, its sound by itself, and two ways on. Fetched when the first round of a visit ends. */
import '../lib/words-play.js';
import { clipUrl } from '../audio/player.js';
import { Together } from '../audio/together.js';
import { h, icon, keep, say, set } from '../lib/dom.js';
import { day, reaction } from '../lib/format.js';
import { shapeOf } from '../lib/shape.js';
import { get } from '../lib/preferences.js';
import { dressed } from '../lib/sheet.js';
import { t } from '../lib/text.js';
import { isDaily } from '../room/daily.js';
import { endingOf } from '../room/ending.js';
import { companyOf } from '../room/play.js';
import { reactionOf } from '../room/round.js';
import { clipOf } from '../wire/clips.js';
import { gameOf } from '../wire/games.js';
import { hasShareCard, shareCard } from './share-card.js';

/** @typedef {import('../session/model.js').Model} Model */
/** @typedef {import('../room/ending.js').Ending} Ending */
/** @typedef {import('../room/ending.js').Shown} Shown */

const STYLES = '/static/css/ending.css';
const BEGINS_MS = 1_300; // a roll and a breath before the voice
const SILENT_MS = 900; // how long a bead is lit that does not sound
const SET_OF = 5;

export class EndingCard {
  #round = '';
  /** @type {string[]} */ #playing = [];
  #both = new Together();
  #stops = 0;
  #isHeadline = false; // the winner's words are above
  /** @type {Ending|null} */ #ending = null;
  /** Older clips that this page has not met before. @type {Map<string, import('../room/ending.js').Met|null>} */ #met = new Map();

  /** @param {import('../session/session.js').Session} session */
  constructor(session) {
    this.session = session;
    this.played = h('span', {});
    this.place = h('span', {});
    this.game = h('p', { class: 'ending-game' }, this.played, this.place);
    this.prompt = h('p', { class: 'ending-prompt', dir: 'auto' });
    this.named = h('span', { id: 'winner', dir: 'auto' });
    this.crown = icon('crown');
    this.title = h('h2', { class: 'ending-title' }, this.crown, this.named);
    this.line = h('p', { class: 'ending-line', dir: 'auto' });
    this.bars = h('ul', { class: 'bars' });
    this.beads = h('ol', { class: 'beads', id: 'beads' });
    this.takes = h('ol', { class: 'ending-takes' });
    this.secrets = h('ul', { class: 'secrets' });
    this.words = h('p', { class: 'coach', id: 'ending-words', dir: 'auto' });
    this.own = h('p', { class: 'hint' });
    this.next = h('span', { class: 'next-words' });
    this.nextButton = h('button', { type: 'button', class: 'text-button', id: 'next-round', onclick: () => this.session.send('topic.want') }, this.next);
    this.again = h('button', { type: 'button', class: 'quiet', id: 'ending-again', onclick: () => this.session.send('again') }, t('round.again'));
    this.share = h('button', { type: 'button', class: 'quiet', id: 'ending-share', onclick: () => this.#share() }, t('card.share'));
    const other = async () => (await import('./game-sheet.js')).open(this.session);
    this.element = h('section', { class: 'ending', id: 'ending', 'aria-label': t('ending.label'), hidden: true },
      this.game, this.prompt, this.title, this.line,
      h('div', { class: 'ending-body' }, this.bars, this.secrets, this.beads, this.takes, this.words), this.own,
      h('div', { class: 'ending-buttons' }, this.again, h('button', { type: 'button', class: 'quiet', id: 'ending-other', onclick: other }, t('ending.other')), this.share, this.nextButton));
    /** Settled when its look is there. @type {Promise<unknown>} */
    this.dressed = Promise.all([dressed(), dressed(STYLES)]);
  }

  /** @param {Model} model @param {boolean} shown */
  update(model, shown) {
    const round = model.state.last_round;
    set(this.element, { hidden: !shown });
    if (!shown || !round) return this.#stop();
    const ending = (this.#ending = endingOf(round, model, this.#met));
    this.#meet(round, model);
    this.#draw(ending, model);
    if (round.id !== this.#round) {
      this.#round = round.id;
      this.#playAll(ending);
    }
    this.#countDown(model);
  }

  /** @param {Ending} ending @param {Model} model */
  #draw(ending, model) {
    const { closing } = model.state.last_round ?? {};
    const place = closing?.set_place ? ` · ${t('ending.place', { n: closing.set_place, of: SET_OF })}` : '';
    const { language } = model.state;
    for (const part of [this.prompt, this.line, this.words]) part.lang = language;
    set(this.named, { lang: ending.winners.length === 1 || ending.line ? language : null });
    this.element.dataset.kind = ending.kind;
    set(this.played, { lang: ending.line ? null : language });
    say(this.played, ending.line ? t('ending.evening') : (gameOf(model.state.last_round?.game)?.name ?? ''));
    say(this.place, ending.line ? '' : place);
    say(this.prompt, ending.line ? '' : ending.prompt);
    say(this.named, ending.line ? ending.line.name : ending.title);
    const [first] = ending.line ? [ending.line] : ending.winners;
    this.title.style.setProperty('--voice', first?.colour ?? '');
    set(this.title, { 'data-won': String(Boolean(first)) });
    set(this.crown, { hidden: !first });
    this.#isHeadline = ending.winners.length === 1;
    const names = ending.winners.map(({ name }) => name);
    const tie = new Set(names).size > 1 ? [...new Set(names)].join(' + ') : '';
    say(this.line, tie || (first?.text ? t('ending.quote', { text: first.text }) : ending.beads.length && !ending.secrets.length ? t('ending.by', { names: ending.names.join(', ') }) : ''));
    keep(this.bars, ending.bars, ({ name }) => name, bar, drawBar);
    keep(this.beads, ending.beads, ({ clip }) => clip, (take) => this.#bead(take), (item, take) => this.#drawTake(item, take, model));
    keep(this.takes, ending.takes, ({ clip, at_ms = 0 }) => `${clip} ${at_ms}`, (take) => this.#take(take), (item, take) => this.#drawTake(item, take, model));
    keep(this.secrets, ending.secrets, ({ voice, text }) => voice + text, secret, (item, { text }) => {
      set(item, { lang: language });
      say(/** @type {Element} */ (item.lastElementChild), text);
    });
    say(this.words, ending.words);
    const own_ms = model.room?.scored === false ? null : reactionOf(model.state.last_round, model.me?.id ?? '');
    set(this.share, { hidden: !hasShareCard(model, this.#own(model)) });
    say(this.own, own_ms === null ? '' : own_ms < 0 ? t('reaction-time.early') : t('reaction-time', { seconds: reaction(own_ms) }));
  }

  /** The clip that this visitor spoke last in the round. @param {Model} model */
  #own({ state, me }) {
    const take = state.last_round?.takes.findLast(({ voice, written }) => voice === me?.id && !written);
    return take && state.clips.get(take.clip);
  }

  #share() {
    const own = this.#own(this.session.model);
    if (own) shareCard(this.session, own.clip, own.reaction_ms);
  }

  /** Ask for the older clips of the round that the page does not have; of each once. @param {import('../wire/protocol.js').Round} round @param {Model} model */
  async #meet(round, { state }) {
    const links = round.takes.filter(({ turn }) => turn === 0).map(({ clip }) => clip);
    const missing = [...companyOf(round), ...links].filter((clip) => !state.clips.has(clip) && !this.#met.has(clip));
    for (const clip of missing) this.#met.set(clip, null);
    for (const clip of missing) {
      this.#met.set(clip, await clipOf(clip).catch(() => null));
      if (this.#round === round.id && !this.element.hidden) this.#draw((this.#ending = endingOf(round, this.session.model, this.#met)), this.session.model);
    }
  }

  /** @param {Shown} take */
  #bead({ clip, written }) {
    const press = () => !written && this.session.replay.play(clip);
    return h('li', {}, h('button', { type: 'button', class: 'bead', 'data-take': clip, onclick: press },
      h('span', { class: 'face' }), h('span', { class: 'take-words', dir: 'auto' })), h('div', { class: 'verdicts' }));
  }

  /** @param {Shown} take */
  #take({ clip, written, name, voice, at_ms }) {
    const asked = at_ms ? day(at_ms, Date.now()) : null;
    const play = !written && h('button', { type: 'button', class: 'icon-button', 'aria-label': t('round.play', { name }), onclick: () => this.session.replay.play(clip) }, icon('play'));
    return h('li', { class: 'ending-take', 'data-take': clip }, h('span', { class: 'face', 'data-shape': shapeOf(voice), 'aria-hidden': 'true' }),
      h('p', {}, h('strong', { class: 'take-name' }), ' ', h('span', { class: 'take-words', dir: 'auto' })), play || null, h('span', { class: 'hearts' }),
      asked && h('small', { class: 'take-asked' }, t(asked.isNear ? 'asked.near' : 'asked.on', { day: asked.words })), h('div', { class: 'verdicts' }));
  }

  /** @param {HTMLElement} item @param {Shown} take @param {Model} model */
  #drawTake(item, { clip, name, colour, text, hearts, won, verdicts }, { onAir, replaying, room, state }) {
    for (const part of item.querySelectorAll('.take-name, .take-words, .verdicts')) set(part, { lang: state.language });
    item.style.setProperty('--voice', colour);
    const isLit = this.#playing.includes(clip);
    if (isLit && item.dataset.lit !== 'true') item.scrollIntoView({ block: 'nearest' });
    set(item, { 'data-lit': String(isLit || onAir === clip || replaying === clip), 'data-won': String(won) });
    const [named, counted] = [item.querySelector('.take-name'), item.querySelector('.hearts')];
    if (named) say(named, name);
    else set(/** @type {Element} */ (item.querySelector('.bead')), { 'aria-label': t('round.play', { name: [name, text].filter(Boolean).join(': ') }) });
    if (counted) say(counted, hearts && room?.scored !== false ? `♥ ${hearts}` : '');
    say(/** @type {Element} */ (item.querySelector('.take-words')), won && this.#isHeadline ? '' : text || (named ? '' : name));
    keep(/** @type {Element} */ (item.querySelector('.verdicts')), verdicts, (verdict) => verdict.text, (verdict) => h('p', { class: 'verdict', dir: 'auto', 'data-tone': verdict.tone }, verdict.text),
      (line, { overruled }) => (line.dataset.overruled = String(overruled)));
  }

  /** The winner's clip, or the chain as one; each is lit while it sounds. @param {Ending} ending */
  async #playAll({ plays, atOnce }) {
    const stops = (this.#stops += 1);
    await wait(BEGINS_MS);
    const alone = atOnce && this.#mayPlay(stops) && (await this.#playBoth(plays)) ? [] : plays;
    for (const clip of alone) {
      if (!this.#mayPlay(stops)) break;
      const { model, replay } = this.session;
      this.#light(clip);
      if (model.wantsSound && model.joined) await replay.play(clip);
      else await wait(SILENT_MS);
    }
    if (stops === this.#stops) this.#light();
  }

  /** @param {number} stops */
  #mayPlay(stops) {
    const { state, speaking } = this.session.model;
    return stops === this.#stops && !state.round && speaking !== 'live' && speaking !== 'opening';
  }

  /** Two at once, left and right; tells whether that was possible. @param {string[]} clips */
  async #playBoth(clips) {
    const { model: { wantsSound, joined, onAir }, player } = this.session;
    if (!wantsSound || !joined || onAir) return false; // lit one by one, or heard after what is on air
    this.#light(...clips);
    try {
      await this.#both.play(clips.map((clip) => clipUrl(clip, player.audio)), get('volume'));
      return true;
    } catch {
      return false;
    }
  }

  /** @param {...string} clips */
  #light(...clips) {
    this.#playing = clips;
    if (this.#ending) this.#draw(this.#ending, this.session.model);
  }

  /** A round that begins has the sound: what plays here gives way. */
  #stop() {
    if (this.#playing.includes(this.session.model.replaying ?? '')) this.session.player.stop();
    this.#both.stop();
    this.#stops += 1;
    this.#playing = [];
  }

  /** The next round comes by itself, sooner when all want it. @param {Model} model */
  #countDown({ state, me }) {
    const left_ms = this.session.clock.until_ms(state.last_round?.closing?.next_at_ms ?? 0);
    const asked = state.wanted.includes(me?.id ?? '');
    set(this.nextButton, { hidden: left_ms <= 0 || isDaily(state.last_round), 'aria-pressed': String(asked) });
    this.nextButton.disabled = asked;
    if (left_ms > 0) say(this.next, t(asked ? 'ending.next.asked' : 'ending.next', { n: Math.ceil(left_ms / 1000) }));
  }
}

/** @param {import('../room/ending.js').Bar} one */
function bar({ name, colour }) {
  const item = h('li', { class: 'bar' }, h('span', { class: 'bar-name' }, name), h('span', { class: 'bar-part' }), h('span', { class: 'hearts' }));
  item.style.setProperty('--voice', colour);
  return item;
}

/** @param {HTMLElement} item @param {import('../room/ending.js').Bar} one */
function drawBar(item, { hearts, part, won }) {
  item.style.setProperty('--part', part.toFixed(2));
  set(item, { 'data-won': String(won) });
  say(/** @type {Element} */ (item.lastElementChild), hearts ? `♥ ${hearts}` : '');
}

/** @param {import('../room/ending.js').Secret} one */
function secret({ name, colour }) {
  const item = h('li', { class: 'secret' }, h('strong', {}, name), h('span', { dir: 'auto' }));
  item.style.setProperty('--voice', colour);
  return item;
}

/** @param {number} ms */
function wait(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

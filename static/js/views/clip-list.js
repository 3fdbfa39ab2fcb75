/** The room's space of wonder: its voices, newest first; what is on air lights up. */
import { announce } from '../lib/announce.js';
import { h, keep, say } from '../lib/dom.js';
import { span } from '../lib/format.js';
import { t } from '../lib/text.js';
import { headed } from '../room/asked.js';
import { stagedIn } from '../room/head.js';
import { isOutside, isWithheldFrom } from '../room/held.js';
import { sparedOf } from '../room/play.js';
import { View } from './view.js';
import { clipRow, updateRow } from './clip-row.js';
import { shareButton } from './settings-button.js';

/** @typedef {import('../session/model.js').Model} Model */
/** @typedef {import('../room/state.js').Clip} Clip */

const ROWS = 30;

export class ClipList extends View {
  #rows = ROWS;
  #newest = 0;
  /** @type {string|null} */ #sought = null;
  /** @type {unknown[]} */ #drawn = [];

  build() {
    this.setAttribute('role', 'region');
    this.setAttribute('aria-label', t('clips.title'));
    this.hint = h('p');
    this.empty = h('div', { class: 'empty' }, h('p', {}, t('clips.empty')), this.hint, shareButton(this.session));
    this.list = h('ul', { class: 'clips' });
    const more = () => ((this.#rows += ROWS), this.#draw(this.session.model));
    this.more = h('button', { type: 'button', class: 'quiet', hidden: true, onclick: more }, t('clips.more'));
    this.shown = h('button', { type: 'button', class: 'text-button', hidden: true, onclick: () => this.session.hidden.clear() });
    this.append(h('h2', {}, t('clips.title')), this.empty, this.list, this.more, this.shown);
  }

  /** @param {Model} model */
  update(model) {
    const { state, onAir, asked, replaying, hidden, me, joined } = model;
    if (!joined) return; // nobody sees it yet
    const parts = [state.clips, state.reactions, state.withheld, state.held, state.round, onAir, asked, replaying, hidden, me];
    if (parts.every((part, at) => part === this.#drawn[at])) return;
    this.#drawn = parts;
    this.#draw(model);
    this.#seek(model);
    this.#announce(model);
  }

  /** @param {Model} model */
  #draw(model) {
    const { list, more, empty, shown, session } = this;
    if (!list || !more || !empty || !shown) return;
    const me = model.me?.id ?? '';
    const staged = [...stagedIn(model.state.round), ...sparedOf(model.state.round)]; // their rows would tell whose they are, or what to say
    const clips = [...model.state.clips.values()].filter((clip) => !isHidden(clip, model) && !staged.includes(clip.clip)).reverse();
    const shownNow = headed(clips.filter(({ clip }, at) => at < this.#rows || clip === model.onAir));
    const rowOf = (/** @type {Clip} */ clip) => (isOutside(clip, model) ? h('li', { class: 'clip', 'data-clip': clip.clip }) : clipRow(session, clip, clip.by?.id === me));
    keep(list, shownNow, (one) => ('key' in one ? one.key : `${isOutside(one, model) ? 'outside ' : ''}${one.clip}`), (one) => ('key' in one ? headingOf(one, model) : rowOf(one)),
      (row, clip) => {
        if ('key' in clip) return;
        if (!isOutside(clip, model)) updateRow(session, row, { clip, me, withheld: model.state.withheld.has(clip.clip) && !model.state.held.has(clip.clip), hidden: model.hidden, reactions: model.state.reactions.get(clip.clip), ...stateOf(clip, model) });
        if (model.state.held.has(clip.clip) || row.querySelector('.held-bar')) import('./held-bar.js').then(({ heldBar }) => heldBar(session, row, clip));
      });
    more.hidden = clips.length <= this.#rows;
    empty.hidden = clips.length > 0;
    if (this.hint && model.room) say(this.hint, t('clips.empty.hint', { span: span(model.room.keep_ms) }));
    shown.hidden = model.hidden.length === 0;
    shown.textContent = t('clip.shown', { n: model.hidden.length });
  }

  /** An older clip on air has its row in sight; whoever reads further down in a round is left there. @param {Model} model */
  #seek({ onAir, state, asked }) {
    const isOld = onAir && asked && !state.round;
    const row = isOld && onAir !== this.#sought && this.list?.querySelector(`[data-clip="${CSS.escape(onAir)}"]`);
    this.#sought = isOld ? onAir : null;
    if (row) this.scrollTop = /** @type {HTMLElement} */ (row).offsetTop - this.offsetTop - this.clientHeight / 3;
  }

  /** Tell of the newest voice, once, and never of one's own. @param {Model} model */
  #announce({ state, me, joined, hidden }) {
    const newest = [...state.clips.values()].at(-1);
    if (!newest || newest.seq <= this.#newest) return;
    const first = this.#newest === 0;
    this.#newest = newest.seq;
    if (!first && joined && newest.by && newest.by.id !== me?.id && !hidden.includes(newest.by.id)) announce(t('clips.new', { name: newest.by.name }));
  }
}

/** What the clips below it answer. @param {import('../room/asked.js').Heading} heading @param {Model} model */
function headingOf({ asked }, { state }) {
  return h('li', { class: 'clips-asked' }, h('h3', { dir: 'auto', lang: asked && state.language }, asked || t('clips.unasked')));
}

/** @param {Clip} clip @param {Model} model */
function stateOf(clip, model) {
  if (model.replaying === clip.clip) return { state: 'playing', playing_ms: clip.duration_ms };
  if (model.onAir === clip.clip) return { state: 'onair', playing_ms: model.onAirMs };
  return { state: 'idle', playing_ms: 0 };
}

/** @param {Clip} clip @param {Model} model */
function isHidden(clip, model) {
  const { hidden } = model;
  if (isWithheldFrom(clip, model)) return true;
  return hidden.includes(clip.clip) || hidden.includes(clip.by?.id ?? '');
}

customElements.define('clip-list', ClipList);

/** The hero of the room: the prompt, its count-in, and what became of it. */
import { announce } from '../lib/announce.js';
import { h, say } from '../lib/dom.js';
import { reaction } from '../lib/format.js';
import { counted, t } from '../lib/text.js';
import { View } from './view.js';
import { reactionOf } from '../room/round.js';

/** @typedef {import('../session/model.js').Model} Model */
/** @typedef {import('../room/round.js').RoundStatus} RoundStatus */

export class PromptCard extends View {
  #frame = 0;
  #told = '';
  #toldGo = '';
  /** @type {import('../wire/protocol.js').Turn|null} */ #gone = null;

  build() {
    this.kicker = h('p', { class: 'kicker' });
    this.count = h('p', { class: 'count', 'aria-hidden': 'true' });
    this.prompt = h('p', { class: 'prompt', id: 'prompt', dir: 'auto' });
    this.hint = h('p', { class: 'hint', dir: 'auto' });
    this.append(this.kicker, this.count, this.prompt, this.hint);
  }

  /** @param {Model} model */
  update(model) {
    const { status } = this.session.round;
    this.#show(status, model);
    cancelAnimationFrame(this.#frame);
    if (status.phase !== 'idle') {
      this.#frame = requestAnimationFrame(() => this.update(this.session.model));
    }
  }

  /** @param {RoundStatus} status @param {Model} model */
  #show(status, model) {
    const { phase } = status;
    const isGo = phase === 'window' && model.speaking === 'live';
    if (phase === 'window' && status.turn && this.#gone !== status.turn) this.session.sawGo((this.#gone = status.turn));
    this.dataset.go = String(isGo);
    say(this.#kicker, kickerOf(status, model));
    say(this.#count, phase === 'count-in' ? String(status.count) : '');
    this.#words(status, model);
    say(this.#hint, hintOf(status, model));
    this.#announce(status, isGo);
  }

  /** @param {RoundStatus} status @param {Model} model */
  #words(status, model) {
    const prompt = /** @type {HTMLElement} */ (this.prompt);
    const resting = status.phase === 'idle' && !status.prompt;
    const rest = t(model.state.closed ? 'talk.gone' : model.presence.voices.size > 1 ? 'phase.idle' : 'phase.alone');
    const text = resting ? rest : status.step || (status.shown ? status.prompt : '');
    prompt.lang = resting ? '' : model.state.language;
    prompt.dataset.resting = String(resting);
    prompt.dataset.long = String(text.length > 60);
    say(prompt, text);
  }

  /** Once a turn: the words, for ears that read. @param {RoundStatus} status @param {boolean} isGo */
  #announce({ turn, phase, prompt }, isGo) {
    const name = `${turn?.round} ${turn?.turn}`;
    if (!turn || phase === 'over') return;
    if (name !== this.#told) announce(t('prompt.said', { prompt }));
    this.#told = name;
    if (isGo && name !== this.#toldGo) announce(t('phase.go'));
    if (isGo) this.#toldGo = name;
  }

  get #kicker() {
    return /** @type {HTMLElement} */ (this.kicker);
  }

  get #count() {
    return /** @type {HTMLElement} */ (this.count);
  }

  get #hint() {
    return /** @type {HTMLElement} */ (this.hint);
  }
}

/** @param {RoundStatus} status @param {Model} model */
function kickerOf({ phase, turn, mine, prompt }, model) {
  const act = turn?.act ?? 'speak';
  if (phase === 'idle') return speakerOf(model) ?? (prompt ? t(model.state.closed ? 'talk.gone' : 'phase.idle') : '');
  if (phase === 'over' && model.speaking !== 'live') return t('phase.over');
  if (act === 'vote' || act === 'listen') return t(`act.${act}`);
  if (!mine && (phase === 'count-in' || phase === 'window')) return othersTurn(phase, turn, model);
  if (mine && phase === 'count-in' && isNamed(turn)) return t('phase.count-in.you');
  if (model.speaking === 'live' && phase === 'over') return t('phase.finish');
  if (phase !== 'window') return t(`phase.${phase}`);
  if (model.speaking === 'live') return t('phase.go');
  if (act === 'guess') return t('act.guess');
  if (isNamed(turn)) return t('phase.window.you');
  return model.speaking === 'opening' ? t('phase.waking') : t('phase.window');
}

/** Who else speaks while no round runs. @param {Model} model */
function speakerOf({ presence, me }) {
  const voice = [...presence.speaking].map((id) => presence.voices.get(id)).find((one) => one && one.id !== me?.id);
  return voice ? t('here.speaking', { name: voice.name }) : null;
}

/** Is the turn for somebody, not for everybody? @param {import('../wire/protocol.js').Turn|null} turn */
function isNamed(turn) {
  return Boolean(turn?.voice || turn?.voices?.length);
}

/** Whose turn it is, when it is not one's own. @param {string} phase @param {import('../wire/protocol.js').Turn|null} turn @param {Model} model */
function othersTurn(phase, turn, { presence, state }) {
  const ids = turn?.voice ? [turn.voice] : (turn?.voices ?? []);
  const known = (/** @type {string} */ id) => presence.voices.get(id)?.name ?? [...state.clips.values()].find(({ by }) => by?.id === id)?.by?.name;
  const names = ids.map((id) => known(id) ?? t('phase.someone')).join(' + ');
  return ids.length === 1 ? t(`phase.${phase}.other`, { name: names }) : t(`phase.${phase}.others`, { names: names || t('phase.others') });
}

/** @param {RoundStatus} status @param {Model} model */
function hintOf({ phase, prompt, turn, step }, model) {
  if (step) return prompt;
  if (phase === 'window' && turn?.max_words) return counted('words.max', turn.max_words);
  const own_ms = model.room?.scored === false ? null : reactionOf(model.state.round ?? model.state.last_round, model.me?.id ?? '');
  if (phase === 'over' && own_ms !== null) {
    return own_ms < 0 ? t('reaction-time.early') : t('reaction-time', { seconds: reaction(own_ms) });
  }
  if (phase !== 'idle') return '';
  if (prompt || model.state.closed) return '';
  return model.presence.voices.size > 1 ? t('phase.idle.hint') : t('phase.alone.hint');
}

customElements.define('prompt-card', PromptCard);

/** The hero of the room: the prompt, its count-in, whose word it is, and how it ended. */
import { h, say, set } from '../lib/dom.js';
import { day, reaction } from '../lib/format.js';
import { counted, t } from '../lib/text.js';
import { calmOf, isTalking, missingIn, ownersOf, partIn, starterIn, startsSelf, talksOn, voiceOf } from '../room/head.js';
import { hasCard, reactionOf, stayedSilent } from '../room/round.js';
import './stage-head.js';
import { View } from './view.js';

/** @typedef {import('../session/model.js').Model} Model */
/** @typedef {import('../room/round.js').RoundStatus} RoundStatus */

const NAMED = 2; // of those who are still to speak, more are "the others"

export class PromptCard extends View {
  #frame = 0;
  /** @type {import('../wire/protocol.js').Turn|null} */ #gone = null;
  /** @type {import('./ending-card.js').EndingCard|null} */ #ending = null;
  #comes = false;

  build() {
    const head = /** @type {import('./stage-head.js').StageHead} */ (document.createElement('stage-head'));
    this.kicker = h('p', { class: 'kicker' });
    this.count = h('p', { class: 'count', 'aria-hidden': 'true' });
    this.who = h('p', { class: 'who', id: 'who' });
    this.prompt = h('p', { class: 'prompt', id: 'prompt', dir: 'auto' });
    this.hint = h('p', { class: 'hint', dir: 'auto' });
    this.words = h('div', { class: 'prompt-words' }, this.kicker, this.who, this.count, this.prompt, this.hint);
    this.append(head, this.words);
    head.attach(this.session);
  }

  /** @param {Model} model */
  update(model) {
    const { status } = this.session.round;
    this.#show(status, model);
    cancelAnimationFrame(this.#frame);
    if (status.phase !== 'idle') this.#frame = requestAnimationFrame(() => this.update(this.session.model));
  }

  /** @param {RoundStatus} status @param {Model} model */
  #show(status, model) {
    const { phase } = status;
    const part = partIn(model, status);
    if (phase === 'window' && status.turn && this.#gone !== status.turn) this.session.sawGo((this.#gone = status.turn));
    this.dataset.go = String(phase === 'window' && part !== 'other' && model.speaking === 'live');
    this.#end(model, status);
    say(/** @type {Element} */ (this.kicker), kickerOf(status, model, part));
    say(/** @type {Element} */ (this.who), whoOf(status, model, part));
    say(/** @type {Element} */ (this.count), phase === 'count-in' ? String(status.count || '…') : '');
    this.#words(status, model);
    const hint = /** @type {HTMLElement} */ (this.hint);
    set(hint, { lang: status.step ? model.state.language : null });
    say(hint, hintOf(status, model));
  }

  /** The end of a round has the stage for itself. @param {Model} model @param {RoundStatus} status */
  #end(model, { phase }) {
    const { state, joined, preview } = model;
    const ends = joined && phase === 'over' && !state.round && !preview && hasCard(state.last_round);
    if ((ends || (joined && state.round?.takes.length)) && !this.#comes) this.#fetchEnding(); // it is there when the round ends
    this.#ending?.update(model, ends);
    const shown = ends && Boolean(this.#ending);
    set(/** @type {Element} */ (this.words), { hidden: shown });
    document.body.dataset.ending = String(ends && this.#comes); // nothing else is told in its place while it comes
  }

  async #fetchEnding() {
    this.#comes = true;
    try {
      const { EndingCard } = await import('./ending-card.js');
      const card = new EndingCard(this.session);
      await card.dressed;
      this.#ending = card;
      this.append(card.element);
      this.update(this.session.model);
    } catch {
      this.#comes = false; // offline: the next end asks again
    }
  }

  /** @param {RoundStatus} status @param {Model} model */
  #words(status, model) {
    const prompt = /** @type {HTMLElement} */ (this.prompt);
    const words = promptOf(status, model);
    const isSilent = status.phase === 'over' && stayedSilent(model);
    const text = words || (isSilent ? t('phase.silent') : status.phase === 'idle' ? t(model.state.closed ? 'talk.gone' : model.presence.voices.size > 1 ? 'phase.idle' : 'phase.alone') : '');
    const resting = !words && text !== '';
    set(prompt, { lang: resting ? null : model.state.language });
    prompt.dataset.resting = String(resting);
    prompt.dataset.long = String(text.length > 60 || status.turn?.act === 'vote');
    say(prompt, text);
  }
}

/** The words to be said something to; nothing of what was asked before. @param {RoundStatus} status @param {Model} model */
function promptOf({ phase, step, shown, prompt, turn }, { asked, state }) {
  if (phase === 'idle') return asked?.prompt ?? (state.closed ? prompt : '');
  if (phase === 'over' && !state.round) return '';
  if (turn?.act === 'vote' && !turn.role) return state.round?.prompt?.text || prompt; // a role asks something of its own
  return step || (shown ? prompt : '');
}

/** Whether those go first who were here before: in a duet, or in a chain. @param {RoundStatus} status @param {Model['state']} state */
function isTheirs({ phase, count }, { round }) {
  return phase === 'count-in' && !count && Boolean(round?.duet || round?.takes[0]?.turn === 0);
}

/** "YOU", as large as a prompt, while one gets ready and while it is one's turn. @param {RoundStatus} status @param {Model} model @param {import('../room/head.js').Part} part */
function whoOf(status, { presence, speaking, state }, part) {
  const { phase } = status;
  if (speaking === 'sending' || isTheirs(status, state)) return '';
  if (part === 'you') return t('who.you');
  if (part === 'all' && phase === 'count-in') return t(presence.voices.size > 1 ? 'who.all' : 'who.you');
  return '';
}

/** @param {RoundStatus} status @param {Model} model @param {import('../room/head.js').Part} part */
function kickerOf(status, model, part) {
  const { phase, turn } = status;
  const { state, speaking } = model;
  if (phase === 'idle') return idleOf(model);
  if (state.round?.paused_until_ms) return t('phase.paused');
  if (phase === 'waiting') return t('phase.waiting');
  if (speaking === 'live' && phase === 'over') return t(talksOn(turn) ? 'phase.go' : 'phase.finish');
  if (phase === 'over' && state.round && isTalking(turn, model.presence)) return othersOf('window', turn, model);
  if (phase === 'over' && !model.onAir && stayedSilent(model)) return ''; // the prompt's place says it
  if (phase === 'over') return t(model.onAir ? 'phase.over' : speaking === 'sending' ? 'talk.sending' : state.round ? 'phase.between' : 'phase.idle');
  const act = turn?.act ?? 'speak';
  if (turn && (act === 'vote' || act === 'listen')) return t(calmOf(turn, model.me));
  if (speaking === 'sending' && model.auto) return t('talk.sending');
  if (part === 'bystander') return t('phase.bystander');
  const starter = part === 'other' && startsSelf(model, turn) && starterIn(model, status);
  if (starter) return t('head.by', { name: starter });
  if (part === 'other') return othersOf(phase, turn, model);
  if (phase === 'count-in') return t(isTheirs(status, state) ? 'phase.over' : part === 'you' ? 'phase.count-in.you' : 'phase.count-in');
  if (speaking === 'live') return t('phase.go');
  if (act === 'guess') return t('act.guess');
  if (part === 'you') return t('phase.window.you');
  return t(speaking === 'opening' ? 'phase.waking' : 'phase.window');
}

/** What is heard between rounds, and what it once answered. @param {Model} model */
function idleOf({ asked, presence, me, state, hidden }) {
  if (asked) {
    const { isNear, words } = day(asked.at_ms, Date.now());
    return t(isNear ? 'asked.near' : 'asked.on', { day: words });
  }
  const voice = [...presence.speaking].map((id) => presence.voices.get(id)).find((one) => one && one.id !== me?.id && !hidden.includes(one.id));
  if (voice) return t('here.speaking', { name: voice.name });
  return state.closed && state.last_round ? t('talk.gone') : ''; // else the prompt's place says it
}

/** Whose turn it is, when it is not one's own. @param {import('../room/round.js').Phase} phase @param {import('../wire/protocol.js').Turn|null} turn @param {Model} model */
function othersOf(phase, turn, model) {
  const ids = ownersOf(turn);
  if (ids.length) {
    const names = ids.map((id) => voiceOf(model, id)?.name ?? t(model.hidden.includes(id) ? 'phase.hidden' : 'phase.someone')).join(' + ');
    return ids.length === 1 ? t(`phase.${phase}.other`, { name: names }) : t(`phase.${phase}.others`, { names });
  }
  const missing = missingIn(model, { turn }).filter((name) => name !== model.me?.name);
  if (!missing.length) return t(model.onAir ? 'phase.over' : 'phase.between');
  return t(`phase.${phase}.others`, { names: missing.length <= NAMED ? missing.join(' + ') : t('phase.others') });
}

/** @param {RoundStatus} status @param {Model} model */
function hintOf({ phase, prompt, turn, step }, model) {
  const { state, me } = model;
  if (step) return prompt;
  if (phase === 'idle') return model.asked || state.closed ? '' : t(model.presence.voices.size > 1 || state.clips.size ? 'phase.idle.hint' : 'phase.alone.hint');
  const help = state.round?.helps?.findLast((one) => one.turn === turn?.turn);
  if (phase === 'window' && help) return t('help.word', { text: help.text });
  if ((phase === 'window' || phase === 'count-in') && turn?.max_words) return counted('words.max', turn.max_words);
  const own_ms = model.room?.scored === false ? null : reactionOf(state.round ?? state.last_round, me?.id ?? '');
  if (phase !== 'over' || own_ms === null) return '';
  return own_ms < 0 ? t('reaction-time.early') : t('reaction-time', { seconds: reaction(own_ms) });
}

customElements.define('prompt-card', PromptCard);

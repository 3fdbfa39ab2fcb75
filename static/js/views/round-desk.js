/** What a round needs beside its prompt: a secret, a scene, a place to type, verdicts, votes, the end. Fetched with the first round. */
import { announce } from '../lib/announce.js';
import { h, say } from '../lib/dom.js';
import { dressed } from '../lib/sheet.js';
import { t } from '../lib/text.js';
import { AnswerBox } from './answer-box.js';
import { Bell } from './bell.js';
import { PreviewCard } from './preview-card.js';
import { secretOf } from '../room/head.js';
import { challengeLine, openChallenge, verdictLine } from '../room/news.js';
import { RoundTakes } from './round-takes.js';

/** @typedef {import('../session/model.js').Model} Model */
/** @typedef {import('../wire/protocol.js').Round} Round */

export class RoundDesk {
  /** @type {string|null} */ #known = null;

  /** @param {import('../session/session.js').Session} session */
  constructor(session) {
    this.session = session;
    this.scene = h('p', { class: 'scene', dir: 'auto' });
    this.role = h('p', { class: 'role-card', id: 'role', dir: 'auto' });
    this.verdict = h('p', { class: 'verdict-said', id: 'verdict', dir: 'auto' });
    this.coach = h('p', { class: 'coach', id: 'coach', dir: 'auto' });
    this.answer = new AnswerBox(session);
    this.bell = new Bell(session);
    this.preview = new PreviewCard(session);
    this.takes = new RoundTakes(session);
    this.element = h('div', { class: 'desk', hidden: true }, this.preview.element, this.scene, this.role, this.verdict, this.answer.element, this.coach, this.takes.element);
    /** Settled when its look is there. @type {Promise<unknown>} */
    this.shown = dressed().then(() => (this.element.hidden = false));
  }

  write() {
    this.answer.open();
  }

  /** @param {Model} model */
  update(model) {
    const round = model.state.round ?? model.state.last_round;
    this.bell.update(model);
    this.preview.update(model);
    this.answer.update(model);
    this.takes.update(model);
    if (!round) return;
    for (const part of [this.scene, this.role, this.verdict, this.coach]) part.lang = model.state.language;
    say(this.scene, model.state.round ? sceneOf(round) : '');
    this.#tellRole(model);
    this.#tellVerdict(model, round);
    this.#tellEnd(model);
  }

  /** Who one is, or what one knows: nobody else is told. @param {Model} model */
  #tellRole({ state, me }) {
    const own = state.round?.roles.filter(({ voice }) => voice === me?.id).at(-1);
    const words = own ? secretOf(own) : '';
    if (words && this.role.textContent !== words) announce(`${t('round.secret')}: ${words}`);
    this.role.dataset.secret = t('round.secret');
    say(this.role, words);
  }

  /** The referee's newest words and whose take they are about, as long as that is what was heard last. @param {Model} model @param {Round} round */
  #tellVerdict(model, round) {
    const challenge = openChallenge(model.state.round);
    const newest = model.state.round ? round.verdicts.findLast((verdict) => isFresh(round, verdict)) : undefined;
    const isOpen = challenge && isFresh(round, challenge); // it is told at once, before anybody decides
    this.verdict.dataset.tone = isOpen ? 'fault' : (newest?.tone ?? '');
    this.verdict.dataset.overruled = String(Boolean(newest?.overruled && !isOpen));
    if (isOpen) return say(this.verdict, challengeLine(round, challenge, model));
    say(this.verdict, newest ? `${verdictLine(round, newest, model)}${newest.overruled ? ` ${t('round.overruled')}` : ''}` : '');
  }

  /** What was to be found out, and a word on the way to the next round. @param {Model} model */
  #tellEnd({ state }) {
    const closing = state.round ? null : state.last_round?.closing;
    const words = [closing?.answer && t('round.answer', { answer: closing.answer }), closing?.coach].filter(Boolean).join(' ');
    if (this.#known !== null && words && words !== this.#known) announce(words);
    this.#known = words;
    say(this.coach, words);
  }
}

/** Whether a verdict or a challenge is about a take of the running turn or of the one before. @param {Round} round @param {{clip: string}} verdict */
function isFresh({ takes, turns }, { clip }) {
  const take = takes.find((one) => one.clip === clip);
  return Boolean(take && take.turn >= (turns.at(-1)?.turn ?? 0) - 1);
}

/** What stays in sight while its prompts change, where the prompt does not say it itself. @param {Round} round */
function sceneOf({ scene, turns }) {
  const turn = turns.at(-1);
  const spoils = turn?.steps?.length; // what comes step by step is not told before
  return spoils || turn?.prompt.includes(scene) ? '' : scene;
}

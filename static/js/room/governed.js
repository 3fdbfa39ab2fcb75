/**
 * The part of the fold that is about governing a room: proposals, what is hidden for all, who keeps it.
 *
 * @typedef {{id: string, voice: string, wish: 'stop'|'again'|'start', game: string, tempo: string|null, until_ms: number,
 *   yes: string[], no: string[], clip: string, prompt: import('../wire/protocol.js').Prompt|null}} Proposal
 * @typedef {{filter: string, seq: number, yes: number, needed: number, mine: boolean|null}} HeldClip
 */
import { put, without } from './maps.js';

/** @typedef {import('./state.js').RoomState} RoomState */
/** @typedef {import('./state.js').RoomEvent} RoomEvent */

/** @type {Record<string, (state: RoomState, event: RoomEvent) => RoomState>} */
export const GOVERNED = {
  'keeper.given': (state, { data }) => ({ ...state, keeper: data.voice }),
  'keeper.seen': (state) => state, // for the server, which has to know when a room is nobody's
  'proposal.made': (state, { by, data }) => ({ ...state, proposal: made(by?.id ?? '', data) }),
  'proposal.agreed': (state, { data }) => ofProposal(state, data, (proposal) => agreed(proposal, data)),
  'proposal.closed': (state, { data }) => ofProposal(state, data, () => null),
  'clip.hidden': (state, { seq, data }) => ({ ...state, withheld: put(state.withheld, data.clip, seq) }),
  'text.hidden': (state, { seq, data }) => ({ ...state, withheld: put(state.withheld, String(data.target), seq) }),
  'clip.held': held,
  'clip.passed': (state, { data }) => passed(state, data.clip),
  'pass.given': passGiven,
  'clip.restored': (state, { data }) => shownAgain(state, data.clip),
  'text.restored': (state, { data }) => shownAgain(state, String(data.target)),
  // Only this page's own reports have content.
  'clip.reported': (state, { data }) => ({ ...state, reported: put(state.reported, data.clip, '') }),
  'text.reported': (state, { data }) => ({ ...state, reported: put(state.reported, String(data.target), '') }),
};

/** @param {string} voice @param {any} data @returns {Proposal} */
function made(voice, { proposal: id, wish, until_ms, game = '', tempo = null, clip = '', prompt = null }) {
  return { id, voice, wish, game, tempo, until_ms, yes: [voice], no: [], clip, prompt };
}

/** What is proposed without a prompt that was forgotten. @param {Proposal|null} proposal @param {string} id of the prompt @returns {Proposal|null} */
export function unprompted(proposal, id) {
  return proposal?.prompt?.id === id ? { ...proposal, prompt: null } : proposal;
}

/** @param {RoomState} state @param {{proposal: string}} data @param {(proposal: Proposal) => Proposal|null} change @returns {RoomState} */
function ofProposal(state, data, change) {
  const { proposal } = state;
  return proposal?.id === data.proposal ? { ...state, proposal: change(proposal) } : state;
}

/** @param {Proposal} proposal @param {{voice: string, value: boolean}} data @returns {Proposal} */
function agreed(proposal, { voice, value }) {
  const [yes, no] = [proposal.yes, proposal.no].map((voices) => voices.filter((one) => one !== voice));
  return { ...proposal, yes: value ? [...yes, voice] : yes, no: value ? no : [...no, voice] };
}

/** Hide a thing no more: somebody decided about it, or it is gone. @param {RoomState} state @param {string} target @param {string} [gone] why it is gone @returns {RoomState} */
export function shownAgain(state, target, gone) {
  const outcome = gone === 'moderated' ? 'removed' : 'kept';
  const told = state.reported.has(target) && (!gone || gone === 'moderated');
  const still = gone ? undefined : state.held.get(target);
  const withheld = still ? put(state.withheld, target, still.seq) : without(state.withheld, target);
  return { ...state, withheld, held: gone ? without(state.held, target) : state.held, reported: told ? put(state.reported, target, outcome) : state.reported };
}

/** A filter found something in the words of a clip; one that is hidden from this page has no id yet. @param {RoomState} state @param {RoomEvent} event @returns {RoomState} */
function held(state, { seq, data: { clip, filter } }) {
  if (!clip) return state;
  const one = state.held.get(clip) ?? { filter, seq, yes: 0, needed: 0, mine: null };
  return { ...state, held: put(state.held, clip, one), withheld: put(state.withheld, clip, state.withheld.get(clip) ?? one.seq) };
}

/** What a filter held may be heard; what is hidden for another reason stays so. @param {RoomState} state @param {string} clip @returns {RoomState} */
function passed(state, clip) {
  const one = state.held.get(clip);
  if (!one) return state;
  const isAll = state.withheld.get(clip) === one.seq;
  return { ...state, held: without(state.held, clip), withheld: isAll ? without(state.withheld, clip) : state.withheld };
}

/** How many say that a clip may pass; only one's own say has a voice. @param {RoomState} state @param {RoomEvent} event @returns {RoomState} */
function passGiven(state, { data: { clip, voice, value = null, yes, needed } }) {
  const one = state.held.get(clip);
  return one ? { ...state, held: put(state.held, clip, { ...one, yes, needed, mine: voice ? value : one.mine }) } : state;
}

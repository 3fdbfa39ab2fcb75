import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { apply, bounded, EMPTY, foldAll, KEPT, seeded } from '../../static/js/room/state.js';
import { shared } from './support/shared.js';

const GOLDEN = new URL('../golden/', import.meta.url);
const voice = { id: 'v1', name: 'Calm Teapot', colour: '#aabbcc' };

/** @param {number} seq @param {string} kind @param {any} data @returns {any} */
function event(seq, kind, data) {
  return { type: 'event', seq, prev: seq - 1, at_ms: 1_000 + seq, by: voice, kind, data };
}

test('whoever opened a private room keeps it, a public one nobody', () => {
  const words = { room_kind: 'topic', name: 'Ours', theme: '', description: '', language: 'de', tempo: 'slow', place: '', live: true };
  const ours = apply(EMPTY, event(1, 'room.opened', { ...words, public: false }));

  assert.deepEqual([ours.keeper, ours.live, ours.kind, ours.language], ['v1', true, 'topic', 'de']);
  assert.equal('room_kind' in ours, false);
  assert.equal(apply(EMPTY, event(1, 'room.opened', { ...words, public: true })).keeper, '');
  assert.equal(apply(EMPTY, { ...event(1, 'room.opened', { ...words, public: false }), by: null }).keeper, '');
  assert.equal(seeded(/** @type {any} */ ({ keeper: 'v2', live: true })).keeper, 'v2');
  assert.equal(seeded(/** @type {any} */ ({ keeper: null })).keeper, '');
  assert.equal(seeded(/** @type {any} */ ({ keeper: null })).character, null);
  assert.equal(seeded(/** @type {any} */ ({ keeper: null, character: 'giraffe' })).character, 'giraffe');
  const changed = apply(ours, event(2, 'room.changed', { name: 'Yours', live: false }));
  assert.deepEqual([changed.name, changed.live, changed.tempo, changed.keeper], ['Yours', false, 'slow', 'v1']);
});

test('who is muted no more is not kept, and who is let again is not muted', () => {
  const muted = foldAll(EMPTY, [event(1, 'voice.muted', { voice: 'a', until_ms: 1_002 }), event(2, 'voice.muted', { voice: 'b', until_ms: 9_000 })]);
  assert.deepEqual([...muted.muted], [['b', 9_000]]);
  assert.deepEqual([...apply(muted, event(3, 'voice.muted', { voice: 'b', until_ms: 1_003 })).muted], []);
});

for (const name of readdirSync(GOLDEN, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.jsonl'))) {
  test(`the fold agrees with the server's on ${name}, in all that both know`, () => {
    const lines = readFileSync(new URL(name, GOLDEN), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
    const { state } = lines.pop();

    assert.deepEqual(shared(foldAll(EMPTY, lines)), state);
  });
}

test('a page that is open for days keeps the newest', () => {
  const said = Array.from({ length: KEPT + 50 }, (_, at) => event(at + 1, 'text.said', { text: 'x' }));

  const state = bounded(foldAll(EMPTY, said));

  assert.equal(state.texts.size, KEPT);
  assert.ok(state.texts.has(KEPT + 50) && !state.texts.has(50));
  assert.equal(bounded(state).texts, state.texts);
});

test('an unknown kind moves the head and nothing else', () => {
  const before = foldAll(EMPTY, [event(1, 'text.said', { text: 'hello' })]);

  const after = apply(before, event(2, 'moon.risen', { phase: 'full' }));

  assert.deepEqual(after, { ...before, head: 2 });
});

test('an erased event keeps its place and brings nothing', () => {
  const after = apply(EMPTY, { ...event(1, 'clip.landed', {}), by: null });

  assert.equal(after.head, 1);
  assert.equal(after.clips.size, 0);
});

test('a removed clip takes its reactions with it', () => {
  const state = foldAll(EMPTY, [
    event(1, 'clip.landed', { clip: 'c1', duration_ms: 900, peaks: [1] }),
    event(2, 'reaction.given', { target: 'c1', emoji: '✨' }),
    event(3, 'clip.removed', { clip: 'c1', reason: 'forgotten' }),
  ]);

  assert.equal(state.clips.size, 0);
  assert.equal(state.reactions.size, 0);
});

test('each reaction to a clip keeps its place in it, as many as a clip can show', () => {
  const laugh = (/** @type {number} */ seq, /** @type {any} */ more) => event(seq, 'reaction.given', { target: 'c1', emoji: '😂', ...more });
  const landed = event(1, 'clip.landed', { clip: 'c1', duration_ms: 900, peaks: [1] });
  const state = foldAll(EMPTY, [landed, laugh(2, { at_ms: 300 }), laugh(3, { at_ms: 700 }), laugh(4, {}), laugh(5, { target: '1', at_ms: 5 })]);

  assert.deepEqual([...state.ripples], [['c1', [300, 700]]]);
  const many = foldAll(state, Array.from({ length: 100 }, (_, at) => laugh(at + 6, { at_ms: at + 1 })));
  assert.deepEqual([many.ripples.get('c1')?.length, many.ripples.get('c1')?.at(-1)], [60, 100]);
  assert.equal(apply(many, event(200, 'clip.removed', { clip: 'c1', reason: 'forgotten' })).ripples.size, 0);
});

test('one voice counts once for one emoji', () => {
  const give = { target: 'c1', emoji: '✨' };

  const state = foldAll(EMPTY, [event(1, 'reaction.given', give), event(2, 'reaction.given', give)]);

  assert.deepEqual(state.reactions.get('c1')?.get('✨'), ['v1']);
});

test('a change of the room leaves what it does not name', () => {
  const opened = { room_kind: 'topic', name: 'Tea', theme: 'tea', description: '', language: 'de', tempo: 'snap', public: true, place: '' };

  const state = foldAll(EMPTY, [event(1, 'room.opened', opened), event(2, 'room.changed', { theme: 'coffee', name: null })]);

  assert.equal(state.theme, 'coffee');
  assert.equal(state.name, 'Tea');
});

test('a round from the welcome and its events again make one round', () => {
  const turn = { round: 'r1', turn: 1, prompt: 'Moss?', go_at_ms: 5_000, closes_at_ms: 9_000, voice: null };
  const round = { id: 'r1', game: 'first_thing', tempo: 'snap', opened_at_ms: 1, prompt: null, players: [], turn, takes: [], verdicts: [] };
  const room = /** @type {any} */ ({ id: 'x', kind: 'wonder', name: 'X', theme: '', description: '', language: 'en', tempo: 'snap', round });

  const state = foldAll(seeded(room), [event(7, 'turn.given', turn), event(8, 'clip.landed', { clip: 'c1', round: 'r1', turn: 1, duration_ms: 500 })]);

  assert.equal(state.round?.turns.length, 1);
  assert.deepEqual(state.round?.takes.map((take) => take.clip), ['c1']);
});

test('every change makes new values, so that views see it', () => {
  const before = foldAll(EMPTY, [event(1, 'text.said', { text: 'a' })]);

  const after = apply(before, event(2, 'text.said', { text: 'b' }));

  assert.notEqual(after.texts, before.texts);
  assert.equal(after.clips, before.clips);
  assert.equal(before.texts.size, 1);
});

test('a hidden take of another is not there until it is revealed', () => {
  const hidden = foldAll(EMPTY, [
    event(1, 'round.opened', { round: 'r', game: 'mind_meld', tempo: 'snap', prompt: null, players: [], hidden: true }),
    event(2, 'clip.landed', { clip: '', round: 'r', turn: 1, hidden: true, peaks: [] }),
  ]);
  assert.equal(hidden.clips.size, 0);

  const take = { clip: 'c1', voice: 'v1', turn: 1, duration_ms: 500, onset_ms: 1, gap_ms: 0, peaks: [9], text: 'moon', written: false };
  const shown = apply(hidden, event(3, 'round.revealed', { round: 'r', takes: [take] }));

  assert.equal(shown.clips.get('c1')?.caption, 'moon');
  assert.equal(shown.clips.get('c1')?.by?.id, 'v1');
  assert.deepEqual(shown.round?.takes.map((one) => one.clip), ['c1']);
});

test('a clip that is removed takes the words of it along that verdicts on others and prompts repeat', () => {
  const verdict = { round: 'r', code: 'heard', tone: 'note' };
  const state = foldAll(EMPTY, [
    event(1, 'round.opened', { round: 'r', game: 'g', tempo: 'snap', prompt: null, players: [] }),
    event(2, 'clip.landed', { clip: 'c1', round: 'r', turn: 1, duration_ms: 900 }),
    event(3, 'clip.captioned', { clip: 'c1', text: 'a wet umbrella' }),
    event(4, 'clip.landed', { clip: 'c2', round: 'r', turn: 2, duration_ms: 900 }),
    event(5, 'verdict.given', { ...verdict, clip: 'c2', text: 'That umbrella again.' }),
    event(6, 'verdict.given', { ...verdict, clip: 'c2', code: 'late', text: 'Late.' }),
    event(7, 'turn.given', { round: 'r', turn: 3, prompt: 'Begin with: umbrella', go_at_ms: 1, closes_at_ms: 2, voice: null }),
    event(8, 'clip.removed', { clip: 'c1', reason: 'forgotten' }),
  ]);

  assert.deepEqual(state.round?.verdicts.map(({ code }) => code), ['late']);
  assert.deepEqual(state.clips.get('c2')?.verdicts.map(({ code }) => code), ['late']); // as its row in the list shows them
  assert.equal(state.round?.turns[0].prompt, '');
});

test('a removal that is hidden from this page changes nothing of it', () => {
  const opened = { round: 'r', game: 'riddle', tempo: 'snap', prompt: { id: '', text: 'Not to be named' }, players: [] };
  const before = foldAll(EMPTY, [event(1, 'round.opened', opened)]);

  assert.deepEqual(apply(before, event(2, 'clip.removed', { clip: '', reason: 'forgotten', hidden: true })), { ...before, head: 2 });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noted } from '../../../static/js/session/diary.js';
import { settled, Visit } from '../support/visit.js';

const bela = { id: 'bela', name: 'Loud Moss', colour: '#ccbbaa' };
const PREVIEW = { preview: 'p', duration_ms: 900, peaks: [1] };
const CLIP = { clip: 'c', duration_ms: 500, hidden: false };

test('what the radio plays is on air for as long as it lasts, by the clock of the server', async () => {
  const visit = await new Visit({ offset_ms: 50_000 }).enter();
  visit.signal('cue', { clip: 'a', starts_at_ms: 51_000, duration_ms: 2_000 });
  await visit.pass(900);
  assert.equal(visit.model.onAir, null);
  await visit.pass(200);
  assert.deepEqual([visit.model.onAir, visit.model.onAirMs], ['a', 2_000]);
  await visit.pass(2_000);

  assert.equal(visit.model.onAir, null);
});

test('a cue that comes early takes the place of the one before', async () => {
  const visit = await new Visit().enter();
  visit.signal('cue', { clip: 'a', starts_at_ms: 0, duration_ms: 5_000 });
  await visit.pass(100);
  visit.signal('cue', { clip: 'b', starts_at_ms: 1_000, duration_ms: 5_000 });
  await visit.pass(5_000);

  assert.equal(visit.model.onAir, 'b'); // the end of the first one does not end it
});

test('an older clip on air says what it answered and when, as long as it sounds', async () => {
  const visit = await new Visit().enter();
  visit.signal('cue', { clip: 'a', starts_at_ms: 100, duration_ms: 2_000, prompt: 'Pillows?', at_ms: 7 });
  assert.equal(visit.model.asked, null);
  await visit.pass(200);
  assert.deepEqual(visit.model.asked, { prompt: 'Pillows?', at_ms: 7 });
  await visit.pass(2_000);
  assert.equal(visit.model.asked, null);

  visit.signal('cue', { clip: 'b', starts_at_ms: 3_000, duration_ms: 1_000 });
  await visit.pass(1_000);
  assert.equal(visit.model.asked, null);
});

test('a laugh knows how far the clip is, and shortly after it is at its end', async () => {
  const visit = await new Visit().enter();
  assert.equal(visit.session.onAir.heard, null);
  visit.signal('cue', { clip: 'a', starts_at_ms: 100, duration_ms: 2_000 });
  await visit.pass(800);
  assert.deepEqual(visit.session.onAir.heard, { clip: 'a', at_ms: 700 });
  await visit.pass(2_000);
  assert.deepEqual(visit.session.onAir.heard, { clip: 'a', at_ms: 2_000 });
  await visit.pass(4_000);
  assert.equal(visit.session.onAir.heard, null);
});

test('one plays a clip again, another instead, and stops it', async () => {
  const visit = await new Visit().enter();
  const { replay } = visit.session;
  replay.play('a');
  replay.play('b');
  await settled();
  assert.deepEqual([visit.player.played, visit.model.replaying], [['/api/clips/a.ogg', '/api/clips/b.ogg'], 'b']);
  replay.play('b');
  await settled();

  assert.equal(visit.model.replaying, null);
});

test('a clip that only its speaker may hear is fetched first, and not played when another was pressed meanwhile', async () => {
  const visit = await new Visit().enter();
  visit.event('clip.landed', { ...CLIP, hidden: true });
  /** @type {(url: string) => void} */
  let fetched = () => {};
  visit.session.replay.own = () => new Promise((resolve) => (fetched = resolve));
  visit.session.replay.play('c');
  visit.session.replay.play('d');
  fetched('blob:c');
  await settled();
  assert.deepEqual(visit.player.played, ['/api/clips/d.ogg']);

  visit.session.replay.play('c');
  visit.session.replay.play('c'); // and off again
  fetched('blob:c');
  await settled();
  assert.deepEqual([visit.player.played.length, visit.model.replaying], [1, null]);
});

test('an own clip can be taken back for five seconds, one of others or of before cannot', async () => {
  const visit = await new Visit().enter();
  visit.event('clip.landed', { ...CLIP, clip: 'theirs' }, bela);
  assert.equal(visit.model.undo, null);
  visit.event('clip.landed', CLIP);
  assert.equal(visit.model.undo, 'c');
  await visit.pass(5_100);
  assert.equal(visit.model.undo, null);
  visit.offset_ms = -20_000;
  visit.event('clip.landed', { ...CLIP, clip: 'old' });

  assert.equal(visit.model.undo, null);
});

test('what is taken back is not offered any more', async () => {
  const visit = await new Visit().enter();
  visit.event('clip.landed', CLIP);
  const gone = visit.session.forget('c');
  assert.equal(visit.model.undo, null);
  await visit.serve();

  assert.deepEqual([await gone, visit.asked('forget')[0].clip], [true, 'c']);
});

for (const command of /** @type {const} */ (['keep', 'drop'])) {
  test(`a preview waits until its speaker says ${command}`, async () => {
    const visit = await new Visit().enter();
    visit.signal('take', { state: 'preview', peer: '', ...PREVIEW });
    assert.equal(visit.model.preview?.preview, 'p');
    visit.session.clips.decide(command, 'p');
    assert.equal(visit.model.preview?.preview, 'p'); // until the server has it
    await visit.serve();

    assert.equal(visit.model.preview, null);
    assert.equal(visit.asked(command)[0].preview, 'p');
  });
}

test('a preview is decided about once, also when it is pressed again before the page is drawn anew', async () => {
  const visit = await new Visit().enter();
  visit.signal('take', { state: 'preview', peer: '', ...PREVIEW });
  visit.session.clips.decide('keep', 'p');
  visit.session.clips.decide('drop', 'p'); // before the answer
  await visit.serve();
  visit.session.clips.decide('keep', 'p'); // after it, while the card still stands
  await visit.serve();

  assert.deepEqual([visit.asked('keep').length, visit.asked('drop').length, visit.notices], [1, 0, []]);
  visit.signal('take', { state: 'preview', peer: '', ...PREVIEW, preview: 'q' });
  visit.session.clips.decide('drop', 'q');
  await visit.serve();
  assert.equal(visit.asked('drop').length, 1);
});

test('a preview that cannot be kept now may be tried again, one that is gone goes', async () => {
  const visit = await new Visit().enter();
  visit.signal('take', { state: 'preview', peer: '', ...PREVIEW });
  visit.refusals.keep = 'storage_full';
  visit.session.clips.decide('keep', 'p');
  await visit.serve();
  assert.equal(visit.model.preview?.preview, 'p');
  visit.refusals.keep = 'no_such_preview';
  visit.session.clips.decide('keep', 'p');
  await visit.serve();

  assert.equal(visit.model.preview, null);
});

test('a decision outlasts the connection, and is made once', async () => {
  const visit = await new Visit().enter();
  visit.signal('take', { state: 'preview', peer: '', ...PREVIEW });
  visit.session.clips.decide('keep', 'p');
  await settled();
  await visit.lose();
  await visit.back();

  const ids = new Set(visit.asked('keep').map(({ id }) => id));
  assert.deepEqual([ids.size, visit.asked('keep').length, visit.model.preview], [1, 2, null]);
});

test('a preview goes with its time, with the next take, and when another tab keeps it', async () => {
  const visit = await new Visit().enter();
  visit.signal('take', { state: 'preview', peer: '', ...PREVIEW });
  await visit.pass(30_000);
  visit.signal('take', { state: 'preview', peer: '', ...PREVIEW, preview: 'q' });
  await visit.pass(40_000);
  assert.equal(visit.model.preview?.preview, 'q'); // the time of the first one is not its own
  visit.signal('take', { state: 'landed', peer: '', clip: 'p' });
  assert.equal(visit.model.preview?.preview, 'q');
  visit.signal('take', { state: 'landed', peer: '', clip: 'q' });
  assert.equal(visit.model.preview, null);
  visit.signal('take', { state: 'preview', peer: '', ...PREVIEW });
  await visit.pass(60_100);

  assert.equal(visit.model.preview, null);
});

test('the diary notes own takes, their words and the reactions of others, however often it hears of them', () => {
  const event = (/** @type {string} */ kind, /** @type {any} */ data, at_ms = 1, by = { id: 'me' }) => /** @type {any} */ ({ kind, data, at_ms, by });
  const log = [
    event('clip.landed', { clip: 'c', duration_ms: 900, reaction_ms: 700, round: 'r' }),
    event('clip.landed', { clip: 'd', duration_ms: 900, round: null }, 2, bela),
    event('clip.captioned', { clip: 'c', text: 'a wet umbrella' }),
    event('reaction.given', { target: 'c', emoji: '😀' }, 5, bela),
    event('reaction.given', { target: 'c', emoji: '😀' }, 6),
    event('reaction.given', { target: 'c', emoji: '✨' }, 7, bela),
  ];
  const fold = (/** @type {any[]} */ list) => /** @type {any[]} */ (log).reduce((before, one) => noted(before, one, 'me', 'first_thing'), list);
  const once = fold([]);

  assert.deepEqual(once.map((/** @type {any} */ { clip, game, reaction_ms, words, laughs }) => ({ clip, game, reaction_ms, words, laughs })),
    [{ clip: 'c', game: 'first_thing', reaction_ms: 700, words: 3, laughs: 2 }]);
  assert.deepEqual(fold(once), once);
});

test('a page without what is needed to speak says so, and tries again with the next press', async () => {
  const visit = new Visit();
  const speaking = visit.devices.speaking.bind(visit.devices);
  visit.devices.speaking = () => Promise.reject(new TypeError('not fetched'));
  await visit.enter();
  await visit.talk('start');
  assert.deepEqual(visit.notices, ['offline']);
  visit.devices.speaking = speaking;
  await visit.talk('start');

  assert.equal(visit.model.speaking, 'live');
});

test('an address without https gives no microphone, and the press says why', async () => {
  const visit = await new Visit().enter();
  visit.devices.microphone.state = 'insecure';
  await visit.talk('start');

  assert.deepEqual([visit.model.speaking, visit.model.mic, visit.notices], ['off', 'insecure', ['insecure']]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settled, Visit } from '../support/visit.js';

const OPENED = { round: 'r', game: 'g', tempo: 'snap', prompt: null, players: [] };
const TURN = { round: 'r', turn: 1, prompt: 'Moss?', go_at_ms: 3_000, closes_at_ms: 8_000, voice: null };

test('a connection that is away for a moment in the middle of a word costs nothing', async () => {
  const visit = await new Visit().enter();
  await visit.talk('start');

  await visit.lose();
  assert.equal(visit.model.speaking, 'live');
  await visit.back();
  assert.equal(visit.model.speaking, 'live');
  await visit.talk('stop');

  assert.deepEqual([visit.takes, visit.model.speaking, visit.notices], [['peer-1'], 'ready', []]);
});

test('a take that is ended while the connection is away ends as soon as it is back', async () => {
  const visit = await new Visit().enter();
  await visit.talk('start');
  await visit.lose();
  visit.session.talk('stop');
  await settled();
  assert.equal(visit.model.speaking, 'sending');

  await visit.back();

  assert.deepEqual([visit.takes, visit.open.size, visit.model.speaking], [['peer-1'], 0, 'ready']);
});

test('a connection lost between the end of a take and its answer asks again with the same id', async () => {
  const visit = await new Visit().enter();
  await visit.talk('start');
  visit.session.talk('stop');
  await visit.pass(50, false);
  assert.equal(visit.asked('speak.stop').length, 1);
  await visit.lose();
  await visit.back();

  const [first, second] = visit.asked('speak.stop');
  assert.deepEqual(second, first);
  assert.deepEqual([visit.takes, visit.model.speaking], [['peer-1'], 'ready']);
});

test('an end that the server never answers closes the peer, so that nothing goes on being heard', async () => {
  const visit = await new Visit().enter();
  await visit.talk('start');
  await visit.lose();
  visit.session.talk('stop');
  await visit.pass(20_100, false);

  assert.equal(visit.devices.peers[0].isClosed, true);
  assert.deepEqual([visit.model.speaking, visit.notices.includes('no_answer')], ['ready', true]);
});

test('a beginning of which nobody knows whether the server heard it closes the peer', async () => {
  const visit = await new Visit().enter();
  visit.session.talk('start');
  await visit.pass(50, false);
  assert.equal(visit.asked('speak.start').length, 1);
  await visit.lose();

  assert.equal(visit.devices.peers[0].isClosed, true);
  assert.deepEqual([visit.model.speaking, visit.notices], ['ready', ['offline']]);
  await visit.back();
  await visit.talk('start');
  assert.deepEqual([visit.devices.peers.length, visit.model.speaking], [2, 'live']);
});

test('a server that was restarted in the middle of a take is noticed when the connection is back', async () => {
  const visit = await new Visit().enter();
  await visit.talk('start');
  visit.open.clear();
  visit.devices.peers[0].isKnown = false;
  await visit.lose();
  await visit.back();

  assert.deepEqual([visit.model.speaking, visit.devices.peers[0].isClosed], ['ready', true]);
  await visit.pass(1_100);
  await visit.talk('start');
  assert.deepEqual([visit.model.speaking, visit.devices.peers.length], ['live', 2]);
});

test('a server that was restarted is asked of the old peer, and its answer does not close a new one', async () => {
  const visit = await new Visit().enter();
  await visit.talk('start');
  await visit.talk('stop');
  const [old] = visit.devices.peers;
  Object.assign(old, { isKnown: false, waits: true });
  await visit.lose();
  await visit.back();
  await visit.talk('start');
  assert.deepEqual([...visit.open], ['peer-2']);
  old.checked?.resolve(undefined);
  await settled();

  assert.deepEqual([visit.model.speaking, visit.devices.peers[1].isUp], ['live', true]);
});

test('a take that waits for one of which nobody knows what became of it gets a peer of its own', async () => {
  const visit = await new Visit().enter();
  await visit.talk('start');
  visit.unanswered.add('speak.stop');
  await visit.talk('stop');
  await visit.talk('start');
  assert.equal(visit.model.speaking, 'opening');
  await visit.pass(20_100); // the end of the first one is given up, and its peer closed

  assert.deepEqual([visit.model.speaking, visit.asked('speak.start').map(({ peer }) => peer)], ['live', ['peer-1', 'peer-2']]);
});

test('a server that was restarted before the take is offered a new peer by the take itself', async () => {
  const visit = await new Visit().enter();
  await visit.talk('start');
  await visit.talk('stop');
  visit.devices.peers[0].isKnown = false;
  await visit.talk('start');

  assert.deepEqual([visit.model.speaking, [...visit.open]], ['live', ['peer-2']]);
});

test('a recorded take outlasts the connection', async () => {
  const visit = await new Visit({ query: 'rtc=off' }).enter();
  await visit.talk('start');
  await visit.lose();
  visit.session.talk('stop');
  await settled();

  assert.deepEqual([visit.devices.uploads.length, visit.model.speaking], [1, 'ready']);
});

test('a turn that begins while the connection is away begins when it is back', async () => {
  const visit = await new Visit().enter(true);
  visit.event('round.opened', OPENED);
  visit.event('turn.given', TURN);
  await visit.pass(2_000);
  await visit.lose();
  await visit.pass(1_200, false); // beyond its "go"
  await visit.back();
  await visit.pass(100);

  assert.deepEqual([visit.model.speaking, visit.model.auto], ['live', true]);
  await visit.pass(6_000);
  assert.deepEqual([visit.takes.length, visit.notices.filter((code) => code === 'offline')], [1, []]);
});

test('a turn that was spoken in is not spoken in again after a reconnect', async () => {
  const visit = await new Visit().enter(true);
  visit.event('round.opened', OPENED);
  visit.event('turn.given', TURN);
  await visit.pass(3_500);
  await visit.talk('stop');
  await visit.lose();
  await visit.back();
  await visit.pass(1_000);

  assert.equal(visit.asked('speak.start').length, 1);
});

test('a welcome `anew` begins the log anew, and what was said is not said twice', async () => {
  const visit = await new Visit().enter();
  visit.event('text.said', { text: 'old' });
  visit.session.lines.say('mine');
  await settled();
  await visit.lose();
  visit.seq = 0;
  await visit.back({ anew: true });
  visit.event('text.said', { text: 'mine' });
  await visit.serve();

  assert.deepEqual([...visit.model.state.texts.values()].map(({ text }) => text), ['mine']);
  assert.equal(new Set(visit.asked('say').map(({ id }) => id)).size, 1);
  assert.equal(visit.asked('say').length, 2);
});

test('a short loss is not worth a word, a longer one is told of, and that it is over', async () => {
  const visit = await new Visit().enter();
  await visit.lose();
  await visit.back();
  assert.equal(visit.notices.length, 0);

  await visit.lose();
  while (!visit.notices.includes('reconnecting')) {
    await visit.pass(50, false);
    if (visit.socket.readyState === 0) await visit.lose();
  }
  await visit.back();
  assert.deepEqual(visit.notices, ['back']);
  await visit.pass(7_100);
  assert.deepEqual(visit.notices, []);
});

test('a server that restarts says so, a page that is not let in stays away', async () => {
  const visit = await new Visit().enter();
  await visit.lose(1012);
  await visit.pass(1_300, false);
  assert.ok(visit.notices.includes('restarting'));
  await visit.back();
  await visit.lose(1008);

  assert.deepEqual([visit.model.connection, visit.notices.includes('forbidden')], ['refused', true]);
});

test('how one is here is told again after a reconnect', async () => {
  const visit = await new Visit().enter(true);
  visit.session.pace(1.5);
  await visit.serve();
  await visit.lose();
  await visit.back();

  assert.deepEqual([visit.asked('here').at(-1).speaker, visit.asked('here').at(-1).pace], [true, 1.5]);
});

test('a screen says at each address that it is one, also when it comes back; a page in a room does not', async () => {
  const visit = await new Visit({ screen: true }).enter();
  assert.match(visit.socket.url, /\/ws\?screen=1$/);
  visit.event('room.opened', {});
  await visit.lose();
  await visit.back();
  assert.match(visit.socket.url, /\/ws\?screen=1&after=\d+&at_ms=\d+$/);

  assert.doesNotMatch((await new Visit().enter()).socket.url, /screen/);
});

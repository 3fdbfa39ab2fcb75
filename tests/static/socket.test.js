import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { backoff, LONGEST_MS } from '../../static/js/wire/backoff.js';
import { command, Refused } from '../../static/js/wire/protocol.js';
import { ANSWER_MS, CALM_MS, HURRY_MS, PING_EVERY_MS, SILENCE_MS } from '../../static/js/wire/socket.js';
import { FakeSocket } from './support/fake-socket.js';
import { clock, event, opened, WELCOME } from './support/room-socket.js';

test('several messages in one frame arrive in their order, events together', () => {
  const { told } = opened();

  FakeSocket.last.says(WELCOME, event(1), event(2), { type: 'signal', kind: 'presence', data: {} }, event(3));

  assert.deepEqual(told, ['welcome', 'open 0', [1, 2], 'presence', [3]]);
});

test('a command is granted by its ack and refused by its refusal', async () => {
  const { socket } = opened();
  FakeSocket.last.says(WELCOME);
  const good = socket.request(command('say', { text: 'a' }, 'one'));
  const bad = socket.request(command('say', { text: '' }, 'two'));

  FakeSocket.last.says({ type: 'ack', id: 'one', seq: 4 }, { type: 'refused', id: 'two', code: 'empty', message: 'Empty.' });

  assert.equal(await good, 4);
  await assert.rejects(bad, (why) => why instanceof Refused && why.code === 'empty');
});

test('a lasting command is sent again after a reconnect, with its own id', async () => {
  const { socket } = opened();
  FakeSocket.last.says(WELCOME);
  const said = socket.request(command('say', { text: 'a' }, 'one'), { resend: true });

  FakeSocket.last.goes(1012);
  mock.timers.tick(1_000);
  FakeSocket.last.says(WELCOME);

  const again = FakeSocket.last.sent.filter((message) => message.type === 'say');
  assert.deepEqual(again, [{ type: 'say', id: 'one', text: 'a' }]);
  FakeSocket.last.says({ type: 'ack', id: 'one', seq: 4 });
  assert.equal(await said, 4);
});

test('a command of the moment is not sent again: it fails with the connection', async () => {
  const { socket } = opened();
  FakeSocket.last.says(WELCOME);
  const take = socket.request(command('speak.start', { peer: 'p' }));

  FakeSocket.last.goes(1006);

  await assert.rejects(take, (why) => why instanceof Refused && why.code === 'offline');
});

test('a command without an answer is given up in the end', async () => {
  const { socket } = opened();
  FakeSocket.last.says(WELCOME);
  const lost = socket.request(command('throw'));

  mock.timers.tick(ANSWER_MS);

  await assert.rejects(lost, (why) => why instanceof Refused && why.code === 'no_answer');
});

test('a path that went silent is left and taken anew', () => {
  opened();
  FakeSocket.last.says(WELCOME);

  clock.now_ms = SILENCE_MS + 1;
  mock.timers.tick(PING_EVERY_MS);
  mock.timers.tick(1_000);

  assert.equal(FakeSocket.all.length, 2);
});

test('a hidden page whose timers come once a minute keeps a path that answers', () => {
  const { socket } = opened();
  FakeSocket.last.says(WELCOME);

  for (clock.now_ms = 60_000; clock.now_ms < 600_000; clock.now_ms += 60_000) {
    FakeSocket.last.says({ type: 'pong', t: 0, server_ms: 0 }); // to the ping of a minute ago
    mock.timers.tick(PING_EVERY_MS);
  }

  assert.equal(FakeSocket.all.length, 1);
  assert.ok(socket.isOpen);
});

test('after another network a path that does not answer is left at once', () => {
  const { socket } = opened();
  FakeSocket.last.says(WELCOME, { type: 'pong', t: 0, server_ms: 0 });

  socket.hurry();
  mock.timers.tick(HURRY_MS);
  mock.timers.tick(1_000);

  assert.equal(FakeSocket.all.length, 2);
});

test('who leaves for a while says goodbye, stays away, and comes back with a cursor when asked to hurry', () => {
  const { socket } = opened();
  FakeSocket.last.says(WELCOME, { type: 'pong', t: 0, server_ms: 0 });

  socket.leave();
  mock.timers.tick(60_000);
  assert.equal(FakeSocket.all.length, 1);
  assert.ok(!socket.isOpen);

  socket.hurry();
  assert.equal(FakeSocket.all.length, 2);
});

test('a path that answered after another network is not left for a later ping', () => {
  const { socket } = opened();
  FakeSocket.last.says(WELCOME, { type: 'pong', t: 0, server_ms: 0 });

  socket.hurry();
  FakeSocket.last.says({ type: 'pong', t: 0, server_ms: 0 });
  clock.now_ms += HURRY_MS - 1;
  socket.ping();
  mock.timers.tick(HURRY_MS);

  assert.ok(socket.isOpen);
});

test('who is not allowed in does not knock again', () => {
  const { told } = opened();

  FakeSocket.last.goes(1008);
  mock.timers.tick(60_000);

  assert.equal(FakeSocket.all.length, 1);
  assert.ok(told.includes('refused 1008'));
});

test('who is not allowed in says what was on its way', async () => {
  const { socket } = opened();
  FakeSocket.last.says(WELCOME);
  const said = socket.request(command('say', { text: 'a' }, 'one'), { resend: true });

  FakeSocket.last.goes(1008);

  await assert.rejects(said, (why) => why instanceof Refused && why.code === 'closed');
});

for (const code of [1002, 1007, 1009]) {
  test(`a page that is not understood (${code}) comes back, later each time, and does not say the same for ever`, async () => {
    const { socket, told } = opened();
    const said = socket.request(command('say', { text: 'a' }, 'one'), { resend: true });
    /** @type {number[]} */
    const waits = [];
    const lose = () => {
      FakeSocket.last.says(WELCOME);
      FakeSocket.last.goes(code);
      const before = FakeSocket.all.length;
      let waited_ms = 0;
      for (; FakeSocket.all.length === before && waited_ms <= LONGEST_MS; waited_ms += 50) mock.timers.tick(50);
      waits.push(waited_ms);
    };

    for (let times = 0; times < 5; times += 1) lose();

    const tries = FakeSocket.all.map(({ sent }) => sent.filter(({ type }) => type === 'say').length);
    assert.deepEqual(tries, [1, 1, 0, 0, 0, 0]);
    await assert.rejects(said, (why) => why instanceof Refused && why.code === 'bad_message');
    assert.deepEqual(waits, waits.toSorted((one, other) => one - other));
    assert.ok(waits[0] < 1_000 && waits[4] >= LONGEST_MS / 2 && waits[4] <= LONGEST_MS, String(waits));
    assert.ok(!told.some((what) => String(what).startsWith('refused')));

    FakeSocket.last.says(WELCOME);
    clock.now_ms += CALM_MS + 1; // it is understood by now
    const before = FakeSocket.all.length;
    FakeSocket.last.goes(code);
    mock.timers.tick(1_000);
    assert.equal(FakeSocket.all.length, before + 1);
  });
}

test('half an emoji is not sent, in whatever part of a message', () => {
  const { socket } = opened();
  FakeSocket.last.says(WELCOME);
  const cut = (/** @type {string} */ text) => text.slice(0, -1);

  socket.request(command('say', { text: cut('yes 😀'), more: [{ [cut('k')]: '\udc00x 😀' }] }, 'one')).catch(() => {});

  const said = FakeSocket.last.sent.find(({ type }) => type === 'say');
  assert.deepEqual(said, { type: 'say', id: 'one', text: 'yes ', more: [{ '': 'x 😀' }] });
});

test('garbage from the server changes nothing', () => {
  const { told } = opened();

  FakeSocket.last.onmessage({ data: '{"type":' });
  FakeSocket.last.onmessage({ data: '[null, 5, {"no":"type"}]' });

  assert.deepEqual(told, []);
});

test('the waits grow, are bounded, and are spread', () => {
  assert.ok(backoff(0, 0) < backoff(3, 0));
  assert.ok(backoff(50, 1) <= LONGEST_MS);
  assert.notEqual(backoff(4, 0.1), backoff(4, 0.9));
});

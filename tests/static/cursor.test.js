import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { command } from '../../static/js/wire/protocol.js';
import { FakeSocket } from './support/fake-socket.js';
import { event, opened, WELCOME } from './support/room-socket.js';

test('a connection that is lost comes back with its cursor', () => {
  const { told } = opened();
  FakeSocket.last.says(WELCOME, event(7, 6), event(8));

  FakeSocket.last.goes(1006);
  mock.timers.tick(1_000);

  assert.equal(FakeSocket.all.length, 2);
  assert.equal(FakeSocket.last.url, 'ws://here/ws?after=8&at_ms=1');
  assert.ok(told.includes('closed 1006'));
});

test('an event that came already is told once', () => {
  const { told } = opened();

  FakeSocket.last.says(WELCOME, event(1), event(2));
  FakeSocket.last.says(event(2), event(3));

  assert.deepEqual(told.filter(Array.isArray), [[1, 2], [3]]);
});

test('seqs that leap are no gap as long as prev names the event before', () => {
  const { told } = opened();

  FakeSocket.last.says(WELCOME, event(1), event(9, 1));

  assert.deepEqual(told.filter(Array.isArray), [[1, 9]]);
  assert.equal(FakeSocket.all.length, 1);
});

test('a gap is not shown: the page asks again from its cursor', () => {
  const { told } = opened();
  FakeSocket.last.says(WELCOME, event(1), event(4, 3), event(5));
  mock.timers.tick(1_000);

  assert.deepEqual(told.filter(Array.isArray), [[1]]);
  assert.equal(FakeSocket.last.url, 'ws://here/ws?after=1&at_ms=1');
});

test('the same gap twice means the log before is gone: all starts anew', () => {
  const { told } = opened();
  FakeSocket.last.says(WELCOME, event(1), event(4, 3));
  mock.timers.tick(1_000);
  FakeSocket.last.says(WELCOME, event(4, 3));
  mock.timers.tick(1_000);

  assert.ok(told.includes('reset'));
  assert.equal(FakeSocket.last.url, 'ws://here/ws');
});

for (const [name, welcome] of Object.entries({
  'a head behind the cursor': { ...WELCOME, head: 5 },
  'a server that does not know the cursor': { ...WELCOME, head: 12, anew: true },
})) {
  test(`${name} means another log: the fold starts anew, and what waits is sent again`, async () => {
    const { socket, told } = opened();
    FakeSocket.last.says(WELCOME, event(7, 6), event(8));
    const said = socket.request(command('say', { text: 'a' }, 'one'), { resend: true });
    FakeSocket.last.goes(1006);
    mock.timers.tick(1_000);
    told.length = 0;

    FakeSocket.last.says(welcome, event(4, 3), event(5));
    FakeSocket.last.says(event(6), { type: 'ack', id: 'one', seq: 6 });

    assert.deepEqual(told, ['reset', 'welcome', 'open 0', [4, 5], [6]]);
    assert.deepEqual(FakeSocket.last.sent.filter(({ type }) => type === 'say'), [{ type: 'say', id: 'one', text: 'a' }]);
    assert.equal(await said, 6);
    assert.equal(FakeSocket.all.length, 2);
  });
}

test('a log that was restored empty is followed from its beginning', () => {
  const { socket, told } = opened();
  FakeSocket.last.says(WELCOME, event(3, 2));
  FakeSocket.last.goes(1006);
  mock.timers.tick(1_000);
  told.length = 0;

  FakeSocket.last.says({ ...WELCOME, head: 0 });
  assert.equal(told[0], 'reset');
  assert.equal(socket.cursor, 0);
  FakeSocket.last.goes(1006);
  mock.timers.tick(1_000);
  assert.equal(FakeSocket.last.url, 'ws://here/ws?after=0');
  told.length = 0;
  FakeSocket.last.says({ ...WELCOME, head: 1 });
  FakeSocket.last.says(event(1));

  assert.deepEqual(told, ['welcome', 'open 0', [1]]);
});

test('a head at the cursor goes on', () => {
  const { told } = opened();
  FakeSocket.last.says(WELCOME, event(3, 2));
  FakeSocket.last.goes(1006);
  mock.timers.tick(1_000);
  FakeSocket.last.says(WELCOME, event(4));

  assert.ok(!told.includes('reset'));
  assert.deepEqual(told.filter(Array.isArray), [[3], [4]]);
});

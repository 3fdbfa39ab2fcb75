import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Unreachable } from '../../../static/js/wire/rtc.js';
import { page, Visit } from '../support/visit.js';

test('a press opens the microphone and a take, letting go ends it', async () => {
  const visit = await new Visit().enter();

  await visit.talk('start');
  assert.equal(visit.model.speaking, 'live');
  assert.deepEqual([...visit.open], ['peer-1']);
  await visit.talk('stop');

  assert.equal(visit.model.speaking, 'ready');
  assert.deepEqual([visit.takes, visit.open.size], [['peer-1'], 0]);
});

test('who lets go while the microphone opens says nothing, and is told that it is ready', async () => {
  const visit = await new Visit({ waits: true }).enter();

  await visit.talk('start');
  await visit.talk('stop');
  assert.equal(visit.model.speaking, 'off'); // at once, and not when the dialog is answered
  visit.devices.microphone.allow();
  await visit.serve();

  assert.equal(visit.model.speaking, 'ready');
  assert.deepEqual(visit.notices, ['mic-ready']);
  assert.deepEqual(visit.asked('speak.start'), []);
});

test('who presses again while the microphone opens speaks as soon as it is open', async () => {
  const visit = await new Visit({ waits: true }).enter();

  for (const command of /** @type {const} */ (['start', 'stop', 'start'])) await visit.talk(command);
  assert.equal(visit.model.speaking, 'opening');
  visit.devices.microphone.allow();
  await visit.serve();

  assert.equal(visit.model.speaking, 'live');
  assert.equal(visit.asked('speak.start').length, 1);
  assert.deepEqual(visit.notices, []);
});

test('who read a dialog for long is not in the middle of a word', async () => {
  const visit = await new Visit({ waits: true }).enter();
  visit.devices.microphone.isGranted = false;

  await visit.talk('start');
  await visit.pass(4_000);
  visit.devices.microphone.allow();
  await visit.serve();

  assert.equal(visit.model.speaking, 'ready');
  assert.deepEqual(visit.notices, ['mic-ready']);
});

test('what was let go while its take opened at the server counts', async () => {
  const visit = await new Visit().enter();

  visit.session.talk('start');
  await visit.pass(50, false); // the answer is on its way
  visit.session.talk('stop');
  await visit.serve();

  assert.deepEqual([visit.takes, visit.open.size, visit.model.speaking], [['peer-1'], 0, 'ready']);
});

test('a take ends at its limit', async () => {
  const visit = await new Visit().enter();
  await visit.talk('start');

  await visit.pass(6_900);
  assert.equal(visit.model.speaking, 'live');
  await visit.pass(200);

  assert.deepEqual([visit.takes, visit.model.speaking], [['peer-1'], 'ready']);
});

test('a second take begins when the first has arrived, and its first words are not lost', async () => {
  const visit = await new Visit().enter();
  await visit.talk('start');

  visit.session.talk('stop');
  await visit.pass(50, false);
  assert.equal(visit.model.speaking, 'sending');
  visit.session.talk('start');
  await visit.pass(50, false);
  assert.equal(visit.model.speaking, 'opening');
  assert.equal(visit.asked('speak.start').length, 1); // the server still has the first one in hand
  await visit.serve();

  assert.equal(visit.model.speaking, 'live');
  await visit.talk('stop');
  assert.deepEqual(visit.takes, ['peer-1', 'peer-1']);
});

test('a second take that is let go before the first has arrived is not begun', async () => {
  const visit = await new Visit().enter();
  await visit.talk('start');
  visit.session.talk('stop');
  await visit.pass(50, false);
  visit.session.talk('start');
  visit.session.talk('stop');
  await visit.serve();

  assert.deepEqual([visit.takes, visit.model.speaking, visit.asked('speak.start').length], [['peer-1'], 'ready', 1]);
});

test('pressing twice begins one take', async () => {
  const visit = await new Visit().enter();
  visit.session.talk('start');
  visit.session.talk('start');
  await visit.serve();

  assert.equal(visit.asked('speak.start').length, 1);
});

for (const [state, notice] of [['refused', 'mic-refused'], ['missing', 'mic-missing'], ['busy', 'mic-busy']]) {
  test(`a microphone that is ${state} is told of, and pressing again asks again`, async () => {
    const visit = await new Visit({ waits: true }).enter();
    await visit.talk('start');
    visit.devices.microphone.refuse(state);
    await visit.serve();
    assert.deepEqual([visit.model.speaking, visit.model.mic, visit.notices], ['off', state, [notice]]);

    await visit.talk('start');
    visit.devices.microphone.allow();
    await visit.serve();

    assert.deepEqual([visit.model.speaking, visit.notices], ['live', []]);
  });
}

test('what was said until the microphone was pulled out counts', async () => {
  const visit = await new Visit().enter();
  await visit.talk('start');

  visit.devices.microphone.unplug();
  await visit.serve();

  assert.deepEqual([visit.takes, visit.model.speaking, visit.model.mic], [['peer-1'], 'off', 'closed']);
  await visit.talk('start');
  assert.equal(visit.model.speaking, 'live');
});

for (const [why, notice] of /** @type {[Error, string][]} */ ([[new Unreachable('no path'), 'udp-blocked'], [new Error('busy'), 'live-failed']])) {
  test(`where live sound does not get through (${notice}) the same take is recorded and uploaded`, async () => {
    const visit = new Visit();
    visit.devices.blocked = why;
    await visit.enter();

    await visit.talk('start');
    assert.deepEqual([visit.model.speaking, visit.model.path, visit.notices], ['live', 'files', [notice]]);
    assert.equal(visit.asked('speak.start')[0].peer, '');
    await visit.talk('stop');

    assert.deepEqual([visit.devices.uploads.length, visit.model.speaking], [1, 'ready']);
    await visit.talk('start');
    await visit.talk('stop');
    assert.equal(visit.devices.uploads.length, 2);
    assert.deepEqual(visit.notices, [notice]); // told once
  });
}

test('live sound is tried again beside the files, and takes go live when it gets through', async () => {
  const visit = new Visit();
  visit.devices.blocked = new Unreachable('no path');
  await visit.enter(true);
  await visit.pass(100);
  visit.radios[0].resolve(/** @type {any} */ ({ close() {} }));
  await visit.pass(100);
  assert.deepEqual([visit.model.hearing, visit.model.path, visit.notices], ['radio', 'files', ['udp-blocked']]);
  page.hidden = false;
  await visit.pass(60_000); // and once more it does not get through
  assert.deepEqual([visit.model.path, visit.model.mic], ['files', 'open']);
  visit.devices.blocked = null;
  await visit.pass(57_000);
  await visit.talk('start');
  await visit.pass(5_000);
  assert.deepEqual([visit.devices.peers.length, visit.model.path], [0, 'files'], 'not in the middle of a take');
  await visit.talk('stop');
  await visit.pass(2_100);
  page.hidden = true;

  assert.deepEqual([visit.devices.uploads.length, visit.model.path, visit.notices], [1, 'webrtc', []]);
  await visit.talk('start');
  assert.equal(visit.asked('speak.start').at(-1)?.peer, 'peer-1');
});

test('without a microphone the next take tries live sound, where the radio is heard live', async () => {
  const visit = new Visit();
  visit.devices.blocked = new Unreachable('no path');
  await visit.enter();
  visit.radios[0].resolve(/** @type {any} */ ({ close() {} }));
  await visit.talk('start');
  await visit.talk('stop');
  visit.devices.blocked = null;
  page.hidden = false;
  await visit.pass(70_000);
  page.hidden = true;
  assert.deepEqual([visit.model.mic, visit.model.path, visit.notices], ['closed', 'webrtc', []]);
  await visit.talk('start');

  assert.equal(visit.asked('speak.start').at(-1)?.peer, 'peer-1');
});

test('a take that cannot be uploaded is told of, and the next one is tried', async () => {
  const visit = await new Visit({ query: 'rtc=off' }).enter();
  visit.devices.uploaded = async () => {
    throw new TypeError('no network');
  };
  await visit.talk('start');
  await visit.talk('stop');

  assert.deepEqual([visit.model.speaking, visit.notices], ['ready', ['other']]);
});

test('a browser that cannot record says so', async () => {
  const visit = await new Visit({ query: 'rtc=off' });
  const { Refused } = await import('../../../static/js/wire/protocol.js');
  const speaking = await visit.devices.speaking();
  visit.devices.speaking = async () => ({ openSpeaking: (/** @type {any} */ wanted) => {
    const made = speaking.openSpeaking(wanted);
    made.route.recorded = async () => {
      throw new Refused('no_recorder', '');
    };
    return made;
  } });
  await visit.enter();
  await visit.talk('start');

  assert.deepEqual([visit.model.speaking, visit.notices], ['ready', ['no-recorder']]);
});

test('a take that the server refuses to open is told of, and nothing is ended', async () => {
  const visit = await new Visit().enter();
  visit.refusals['speak.start'] = 'muted';
  await visit.talk('start');
  await visit.talk('stop');

  assert.deepEqual([visit.notices, visit.model.speaking, visit.asked('speak.stop')], [['muted'], 'ready', []]);
});

for (const state of ['cut', 'landed', 'refused']) {
  test(`a take that is ${state} frees the button of its own tab alone`, async () => {
    const visit = await new Visit().enter();
    await visit.talk('start');
    for (const peer of ['theirs', '', 'peer-1']) {
      visit.signal('take', { peer, state });
      await visit.serve();
      assert.equal(visit.model.speaking, peer === 'peer-1' ? 'ready' : 'live', peer);
    }
    assert.deepEqual(visit.asked('speak.stop'), []); // it is over already
  });
}

test('an upload of another tab does not end a take that is recorded here', async () => {
  const visit = await new Visit({ query: 'rtc=off' }).enter();
  await visit.talk('start');

  for (const peer of ['', 'theirs']) visit.signal('take', { peer, state: 'landed' });
  await visit.serve();

  assert.equal(visit.model.speaking, 'live');
});

test('a peer that is lost in a take is opened anew, for the next one', async () => {
  const visit = await new Visit().enter();
  await visit.talk('start');
  visit.devices.peers[0].isUp = false;
  visit.open.clear(); // the server keeps what was said
  visit.devices.peers[0].lost();
  await visit.serve();
  assert.equal(visit.model.speaking, 'ready');

  await visit.pass(1_100);
  assert.equal(visit.devices.peers.length, 2);
  await visit.talk('start');
  assert.deepEqual([...visit.open], ['peer-2']);
});

test('the sound steps back while one speaks', async () => {
  const visit = await new Visit().enter();
  await visit.talk('start');
  assert.ok(visit.player.volume < 1);
  await visit.talk('stop');
  assert.equal(visit.player.volume, 1);
});

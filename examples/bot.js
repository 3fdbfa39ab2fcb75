/**
 * A bot for a room: it answers lines that begin with a slash, and plays word association in writing.
 *
 *     node examples/bot.js http://localhost:8080/r/wonder [KEY]
 *
 * Needs no package: Node.js 22, or 20 with --experimental-websocket. A KEY of 22 to 86 characters of base64url
 * keeps it the same voice; see docs/bots.md.
 */
const JOKES = ['I would tell you a joke about UDP, but you might not get it.', '404: punchline not found.'];
const WORDS = ['kettle', 'moon', 'sock', 'thunder', 'spoon', 'pigeon', 'jelly', 'ladder', 'trumpet', 'cheese'];
const oneOf = (many) => many[Math.floor(Math.random() * many.length)];
const COMMANDS = { '/joke': () => oneOf(JOKES), '/coin': () => oneOf(['heads', 'tails']) };

const [page, key = crypto.randomUUID().replaceAll('-', '')] = process.argv.slice(2);
// The address of a socket takes no header here, so the key comes as a subprotocol; never write it into the address.
const socket = new WebSocket(page.replace(/^http/, 'ws').replace('/r/', '/api/rooms/') + '/ws', ['wonder', `wonder.key.${key}`]);
let me = '';
let head = 0;
let aheadMs = 0;
let round = '';

/** Send a message; its id is new, so that nothing is taken for a repeat. */
function send(type, fields = {}) {
  socket.send(JSON.stringify({ type, id: crypto.randomUUID(), ...fields }));
}

/** Answer what people write, and take turns. It answers no other machine. */
function react(kind, data, by) {
  if (kind === 'text.said' && data.text && !by?.machine) {
    const command = COMMANDS[data.text.split(' ')[0]];
    if (command) send('say', { text: command() });
  } else if (kind === 'round.opened' && data.game === 'word_association') {
    ({ round } = data);
    send('round.join'); // refused when it was drawn in already: that harms nobody
  } else if (kind === 'turn.given' && data.round === round && data.voice === me) {
    const answer = () => send('answer', { round, text: oneOf(WORDS) });
    setTimeout(answer, Math.max(0, data.go_at_ms - Date.now() - aheadMs));
  }
}

/** Take one message of the server. */
function hear(message) {
  if (message.type === 'welcome') {
    ({ you: { id: me }, head } = message);
    aheadMs = message.server_ms - Date.now();
    send('here', { machine: true, speaker: true });
  } else if (message.type === 'event' && message.seq > head) { // what is older was answered, or not
    react(message.kind, message.data, message.by);
  }
}

socket.addEventListener('message', ({ data }) => [JSON.parse(data)].flat().forEach(hear));
socket.addEventListener('error', () => process.exit(1));
socket.addEventListener('close', ({ code, reason }) => console.log(`sent away: ${code} ${reason}`));

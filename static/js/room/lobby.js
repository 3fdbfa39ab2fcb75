/** The open rooms in the order in which a visitor wants them. Pure. */

/** @typedef {import('../wire/protocol.js').Room} Room */
/** @typedef {{now?: {people: number, rooms: number}, today?: {people: number|null, since_ms: number}}} Crowd  `since_ms` is midnight UTC, or when the server started */
/** @typedef {{own: Room[], others: Room[], liveliest: Room|null}} Lobby */

const DAY_MS = 86_400_000;

/**
 * How many people are here now and came today. Nothing that is not known is told, and no nought. @param {Crowd} crowd
 * @param {{counted: (key: string, n: number) => string, t: (key: string, values: Record<string, string>) => string, time: (ms: number) => string}} words
 */
export function crowdLine({ now, today }, { counted, t, time }) {
  const here = now?.people ? t('lobby.now', { people: counted('lobby.people', now.people), rooms: counted('lobby.rooms', now.rooms) }) : '';
  const since = today && today.since_ms % DAY_MS ? 'since' : 'today';
  const came = today?.people ? t(`lobby.came.${since}`, { people: counted('lobby.people', today.people), time: time(today.since_ms) }) : '';
  return [here, came].filter(Boolean).join(' · ');
}

/** The room that asks the prompt of the day in a language, and how many answered it today; none where the server has no such room. @param {Room[]} rooms @param {string} language @param {string} today in UTC, as 2026-11-28 */
export function dailyOf(rooms, language, today) {
  const room = rooms.find((one) => one.house && one.daily && one.language === language);
  return room ? { room: room.id, answered: room.daily?.day === today ? room.daily.answered : 0 } : null;
}

/** One's own language first; in each the house's room on top, then the liveliest. @param {Room[]} rooms @param {string} language @returns {Lobby} */
export function lobbyOf(rooms, language) {
  const inOrder = [...rooms].sort((a, b) => Number(b.house) - Number(a.house) || crowd(b) - crowd(a));
  const own = inOrder.filter((room) => room.language === language);
  const others = inOrder.filter((room) => room.language !== language);
  const [liveliest = null] = (own.length ? own : others).toSorted((a, b) => crowd(b) - crowd(a));
  return { own, others, liveliest };
}

/** Those that have all the words, in whatever they are called. @param {Room[]} rooms @param {string} words @param {(room: Room) => string} calledOf */
export function found(rooms, words, calledOf) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return rooms.filter((room) => wanted.every((word) => calledOf(room).toLowerCase().includes(word)));
}

/** @param {Room} room */
function crowd({ listeners, speakers }) {
  return listeners + speakers;
}

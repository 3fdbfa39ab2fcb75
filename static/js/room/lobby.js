/** The open rooms in the order in which a visitor wants them. Pure. */

/** @typedef {import('../wire/protocol.js').Room} Room */
/** @typedef {{own: Room[], others: Room[], liveliest: Room|null}} Lobby */

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

/**
 * What clips answered: the prompt of their round, as far as this page has met it. Pure.
 *
 * @typedef {import('./state.js').RoomState} RoomState
 * @typedef {import('./state.js').Clip} Clip
 * @typedef {{key: string, asked: string}} Heading  of the clips below it; '' for those that answer nothing
 */

/** @param {RoomState} state @param {string|null} id of a round @returns {import('../wire/protocol.js').Prompt|null} */
export function askedIn({ round, last_round }, id) {
  return [round, last_round].find((one) => one && one.id === id)?.prompt ?? null;
}

/** Take the words of a topic from the clips that answered it. @param {Map<string, Clip>} clips @param {string} id of the topic @returns {Map<string, Clip>} */
export function unasked(clips, id) {
  if (![...clips.values()].some(({ asked }) => asked?.id === id)) return clips;
  return new Map([...clips].map(([key, clip]) => [key, clip.asked?.id === id ? { ...clip, asked: null } : clip]));
}

/** Clips with a heading above those that answer the same; the newest need none when they answer nothing. @param {Clip[]} clips @returns {(Clip|Heading)[]} */
export function headed(clips) {
  let before = '';
  return clips.flatMap((clip) => {
    const asked = clip.asked?.text ?? '';
    const heading = asked === before ? [] : [{ key: `asked ${clip.clip}`, asked }];
    before = asked;
    return [...heading, clip];
  });
}

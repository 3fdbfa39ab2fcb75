/** An evening as one file: which evenings a room has, and what a file of one would be. */
import { problemOf } from './protocol.js';

/** @typedef {{from_ms: number, to_ms: number, clips: number}} Evening */
/** @typedef {{clips: number, duration_ms: number, chapters: {start_ms: number, title: string}[], media: {ogg: string, m4a: string, vtt: string}}} Recording */

/** @param {string} room @returns {Promise<Evening[]>} newest first */
export async function evenings(room) {
  return (await asked(`/api/rooms/${encodeURIComponent(room)}/evenings`)).evenings;
}

/** @param {string} room @param {Record<string, string>} which `round`, or `from_ms` and `to_ms` @returns {Promise<Recording>} */
export function recording(room, which) {
  return asked(`/api/rooms/${encodeURIComponent(room)}/recording?${new URLSearchParams(which)}`);
}

/** @param {string} path */
async function asked(path) {
  const response = await fetch(path);
  if (!response.ok) throw await problemOf(response);
  return response.json();
}

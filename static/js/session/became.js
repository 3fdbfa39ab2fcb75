/** Whoever comes back is told what became of what they left, once for each time that somebody came after them. */
import '../lib/words-own.js';
import { recall, remember } from '../lib/storage.js';
import { becameIn } from '../wire/became.js';

/** @typedef {import('../wire/became.js').Became} Became */

/** The best news since the last visit: a chain that is whole, one that grew, then answers. @param {Became[]} all @param {Record<string, number>} before how many came after one, by chain or prompt */
export function newsOf(all, before) {
  const grown = all.map((one) => ({ ...one, more: one.people - (before[one.of] ?? 0) })).filter(({ more }) => more > 0);
  const best = grown.find(({ kind, is_over }) => kind === 'chain' && is_over) ?? grown.find(({ kind }) => kind === 'chain') ?? grown.sort((a, b) => b.more - a.more)[0];
  if (!best) return null;
  return { code: best.kind === 'answer' ? 'became-answer' : best.is_over ? 'became-whole' : 'became-chain', values: { n: String(best.more), prompt: best.prompt } };
}

/** @param {Pick<import('./session.js').Session, 'id'|'notices'>} session */
export async function tellBecame({ id, notices }) {
  const all = await becameIn(id).catch(() => []); // offline: the next visit tells it
  if (!all.length) return;
  const key = `became.${id}`;
  const news = newsOf(all, recall(key, {}));
  remember(key, Object.fromEntries(all.map(({ of, people }) => [of, people])));
  if (news) notices.pass(news);
}

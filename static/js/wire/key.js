/** The visitor's key where cookies are blocked: told by the first welcome, gone with the page. It never stands in an address. */
let key = '';
let fetched = ''; // what an element shows now of what is for its speaker alone

/** The first one stays, as its voice does. @param {string} [made] */
export function keep(made) {
  key ||= made ?? '';
}

/** What a socket offers, for it takes no other header. */
export function offered() {
  return key ? ['wonder', `wonder.key.${key}`] : [];
}

/** The headers of a request by this visitor. @returns {Record<string, string>} */
export function bearer() {
  return key ? { Authorization: `Bearer ${key}` } : {};
}

/** Where an element finds what is for its speaker alone, for elements send no headers either. @param {string} url */
export async function own(url) {
  if (!key) return url;
  const response = await fetch(url, { headers: bearer() });
  if (!response.ok) return url;
  URL.revokeObjectURL(fetched);
  return (fetched = URL.createObjectURL(await response.blob()));
}

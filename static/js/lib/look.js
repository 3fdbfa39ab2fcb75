/** How the page looks as its visitor set it; the server writes the same into the page, so that nothing flashes. */
import { subscribe } from './preferences.js';

const YEAR_S = 365 * 86_400;

/** @param {string} name @param {string} value '' takes it away */
function bake(name, value) {
  const secure = location.protocol === 'https:' ? '; Secure' : '';
  if (value || document.cookie.includes(`${name}=`)) {
    document.cookie = `${name}=${value}; Path=/; Max-Age=${value ? YEAR_S : 0}; SameSite=Lax${secure}`;
  }
}

/** Follow what is set, from now on. */
export function followLook() {
  const { dataset } = document.documentElement;
  subscribe(({ theme, captions, language }) => {
    const chosen = theme === 'system' ? '' : theme;
    if (chosen) dataset.theme = chosen;
    else delete dataset.theme;
    dataset.captions = captions;
    bake('wonder_theme', chosen);
    bake('wonder_language', language);
    paint();
  });
  matchMedia('(prefers-color-scheme: light)').addEventListener('change', paint);
}

/** The frame of the browser has the colour of the sky. */
function paint() {
  const colour = getComputedStyle(document.documentElement).getPropertyValue('--sky-top').trim();
  for (const meta of document.querySelectorAll('meta[name="theme-color"]')) if (colour) meta.setAttribute('content', colour);
}

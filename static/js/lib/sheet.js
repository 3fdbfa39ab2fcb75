/** Something that opens over the page and goes away again: Escape, a press beside it, its own button. */
import './words-play.js';
import { h, icon } from './dom.js';
import { t } from './text.js';

const STYLES = '/static/css/sheets.css';

/** @type {Map<string, Promise<unknown>>} */
const looks = new Map();

/** The look of what opens comes with it, once; settled when it is there. */
export function dressed(styles = STYLES) {
  const link = h('link', { rel: 'stylesheet', href: styles });
  const comes = looks.get(styles) ?? new Promise((resolve) => {
    link.addEventListener('load', resolve);
    link.addEventListener('error', resolve);
    document.head.append(link);
  });
  looks.set(styles, comes);
  return comes;
}

/** @param {string} name an id; one sheet of a name at a time @param {string} title @param {...import('./dom.js').Child} children */
export async function sheet(name, title, ...children) {
  await dressed();
  document.getElementById(name)?.remove();
  const dialog = h('dialog', { class: 'sheet', id: name, 'aria-labelledby': `${name}-title` });
  const shut = () => dialog.close();
  dialog.append(h('div', { class: 'sheet-head' }, h('h2', { id: `${name}-title` }, title),
    h('button', { type: 'button', class: 'icon-button', 'aria-label': t('sheet.close'), onclick: shut }, icon('close'))),
  h('div', { class: 'sheet-body' }, .../** @type {Node[]} */ (children.filter(Boolean))));
  dialog.addEventListener('click', (event) => event.target === dialog && shut());
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

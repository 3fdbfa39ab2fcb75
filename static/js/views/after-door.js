/** What a room has for whoever has come in, and nobody needs before: running words, the search, and what takes a clip back. */
import '../lib/words-evening.js';
import '../lib/words-search.js';
import '../lib/words-wake.js';
import { h, icon } from '../lib/dom.js';
import { ICONS } from '../lib/icons.js';
import { dressed } from '../lib/sheet.js';
import { language, t } from '../lib/text.js';
import { tellBecame } from '../session/became.js';
import { Waking } from '../session/waking.js';
import { SpokenWords } from './spoken-words.js';
import { UndoToast } from './undo-toast.js';

/** @param {import('../session/session.js').Session} session */
export async function attach(session) {
  tellBecame(session);
  const look = dressed('/static/css/inside.css');
  const stage = document.getElementById('stage');
  const words = stage && new SpokenWords(session, stage);
  const toast = document.querySelector('undo-toast');
  if (toast instanceof UndoToast) toast.attach(session);
  offerWaking(session);
  ICONS.search = { line: 'M10.5 4.5a6 6 0 1 0 0 12 6 6 0 1 0 0-12zM15 15l5 5' };
  await Promise.all([look, words?.dressed]); // or both of its buttons are seen at first, where one is
  const press = async () => (await import('./search-sheet.js')).open(session);
  ICONS.download = { line: 'M12 4v10M7.5 10l4.5 4.5 4.5-4.5M5 19.5h14' };
  const keep = async () => (await import('./evening-sheet.js')).open(session);
  const isKept = session.model.room?.shared !== false;
  for (const place of document.querySelectorAll('panel-tabs, clip-list')) {
    const button = h('button', { type: 'button', class: 'icon-button find', 'aria-label': t('search.title'), title: t('search.title'), onclick: press }, icon('search'));
    const evening = isKept && h('button', { type: 'button', class: 'icon-button keep-evening', 'aria-label': t('evening.title'), title: t('evening.title'), onclick: keep }, icon('download'));
    const buttons = /** @type {Node[]} */ ([button, evening].filter(Boolean));
    if (place.localName === 'panel-tabs') place.append(...buttons);
    else place.querySelector('h2')?.after(...buttons);
  }
}

/** "Wake me", beside each "invite others"; whoever wants to be woken here is noted as here again. @param {import('../session/session.js').Session} session */
function offerWaking(session) {
  ICONS.bell = { line: 'M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 2h-15zM10 20.5a2 2 0 0 0 4 0' };
  const waking = new Waking(session.id, language);
  const press = async (/** @type {Event} */ { currentTarget }) => {
    /** @type {Element} */ (currentTarget).closest('details')?.removeAttribute('open'); // who is here, behind the sheet
    (await import('./wake-sheet.js')).open(waking);
  };
  for (const share of document.querySelectorAll('.share')) {
    share.after(' ', h('button', { type: 'button', class: 'text-button wake', 'aria-label': t('wake.title'), onclick: press }, icon('bell'), t('wake.short')));
  }
  waking.refresh();
}

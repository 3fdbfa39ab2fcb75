/** Die Wörter der Suche. */
export default {
  'search.title': 'Diesen Raum durchsuchen',
  'search.hint': 'Ein Wort, das jemand gesagt hat',
  'search.about': 'Findet, was hier gesagt (sobald es Wörter hat) und geschrieben wurde. Was zurückgenommen wurde, wird nicht gefunden: Es ist weg.',
  'search.none': 'Das hat niemand gesagt. Noch nicht.',
  'search.found.one': 'Einmal gesagt.',
  'search.found.other': '{n}-mal gesagt.',
};

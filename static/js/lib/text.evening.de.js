/** Ein Abend als eine Datei. */
export default {
  'evening.title': 'Der Abend als eine Datei',
  'evening.about': 'Alles Gesagte am Stück, mit Kapiteln. Für den Zug, für alle, die schon schliefen, für die Enkel.',
  'evening.which': 'Welcher Teil?',
  'evening.round': 'Diese Runde',
  'evening.last': 'Die letzte Runde',
  'evening.of': '{day}, {from} bis {to}',
  'evening.clips.one': 'Ein Clip',
  'evening.clips.other': '{n} Clips',
  'evening.length': '{length} min.',
  'evening.none': 'Hier hat noch niemand etwas gesagt. Sag was, dann wird’s ein Abend.',
  'evening.form.m4a': 'Den Ton mitnehmen',
  'evening.form.ogg': 'Dasselbe, kleiner (Ogg)',
  'evening.form.vtt': 'Die Wörter, als Untertitel',
  'evening.fair': 'Zurückgenommenes, Verstecktes und Stummgeschaltetes ist nicht drin. Nimmt jemand später etwas zurück, hat deine Datei es noch: Sei nett.',
};

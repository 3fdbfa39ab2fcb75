/** Deutsch, für „Weck mich, wenn jemand spricht“. */
export default {
  'wake.title': 'Weck mich, wenn jemand spricht',
  'wake.short': 'Weck mich',
  'wake.about': 'Zehn Minuten Stille, dann eine Stimme: dein Gerät tippt dir auf die Schulter. Höchstens einmal in der Stunde, und nie steht da, was gesagt wurde.',
  'wake.yes': 'Ja, weck mich',
  'wake.no': 'Lass mich schlafen',
  'wake.looking': 'Moment, ich reib mir die Augen …',
  'wake.off': 'Gerade schläfst du wie ein Stein.',
  'wake.on': 'Dieser Browser hält Wache für dich. Kommst du fünfmal nicht, lässt er dich schlafen.',
  'wake.denied': 'Dein Browser zeigt nichts von dieser Seite. Erlaube Benachrichtigungen in seinen Einstellungen für diese Seite (das Zeichen neben der Adresse) und komm dann wieder her. In einem privaten Fenster geht es vielleicht gar nicht.',
  'wake.dismissed': 'Dein Browser hat gefragt und keine Antwort bekommen. Drück noch einmal und sag ja.',
  'wake.none': 'Dieser Browser kann dich hier nicht wecken. In einem privaten Fenster kann es keiner; sonst nimm einen anderen, oder https.',
  'wake.ios': 'Auf iPhone und iPad fehlt noch ein Schritt: Teilen, dann „Zum Home-Bildschirm“, und von dort hereinkommen.',
  'wake.server': 'Dieser Server lässt alle schlafen: wer ihn betreibt, hat das abgeschaltet.',
  'wake.failed': 'Der Wecker deines Browsers antwortet nicht. In privaten Fenstern tut er es nie, manche Browser haben keinen, und in anderen kann er ausgeschaltet sein.',
};

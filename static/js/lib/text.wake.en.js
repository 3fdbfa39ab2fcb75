/** English, for "wake me when somebody speaks". */
export default {
  'wake.title': 'Wake me when somebody speaks',
  'wake.short': 'Wake me',
  'wake.about': 'Ten minutes of silence, then a voice: your device taps you on the shoulder. Once an hour at most, and it never tells what was said.',
  'wake.yes': 'Yes, wake me',
  'wake.no': 'Let me sleep',
  'wake.looking': 'One moment, rubbing my eyes …',
  'wake.off': 'You sleep like a stone right now.',
  'wake.on': 'This browser is awake for you. Do not come five times in a row, and it lets you sleep.',
  'wake.denied': 'Your browser shows nothing of this site. Allow notifications in its settings for this page (the sign beside the address), then come back here. In a private window it may not allow them at all.',
  'wake.dismissed': 'Your browser asked, and got no answer. Press again and say yes.',
  'wake.none': 'This browser cannot wake you here. In a private window none can; else try another browser, or https.',
  'wake.ios': 'On an iPhone or iPad it takes one more step: Share, then “Add to Home Screen”, and come in from there.',
  'wake.server': 'This server lets everybody sleep: whoever runs it has switched that off.',
  'wake.failed': 'The alarm clock of your browser does not answer. In a private window it never does, some browsers have none, and in others it can be switched off.',
};

/** An evening as one file. */
export default {
  'evening.title': 'The evening as one file',
  'evening.about': 'All that was said, in a row, with chapters. For the train, for those who were asleep, for the grandchildren.',
  'evening.which': 'Which part?',
  'evening.round': 'This round',
  'evening.last': 'The last round',
  'evening.of': '{day}, {from} to {to}',
  'evening.clips.one': 'One clip',
  'evening.clips.other': '{n} clips',
  'evening.length': '{length} min.',
  'evening.none': 'Nothing was said here yet. Say something, then it is an evening.',
  'evening.form.m4a': 'Take the sound home',
  'evening.form.ogg': 'The same, smaller (Ogg)',
  'evening.form.vtt': 'The words, as captions',
  'evening.fair': 'What was taken back, hidden or muted is not in it. If somebody takes something back later, your file still has it: be kind.',
};

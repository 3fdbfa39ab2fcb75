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
  'evening.sound': 'The sound',
  'evening.sound.m4a': 'M4A, plays everywhere',
  'evening.sound.ogg': 'Ogg, smaller',
  'evening.words': 'The words, as captions',
  'evening.fair': 'What was taken back, hidden or muted is not in it. If somebody takes something back later, your file still has it: be kind.',
};

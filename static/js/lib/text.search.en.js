/** Words of the search. */
export default {
  'search.title': 'Search this room',
  'search.hint': 'A word somebody said',
  'search.about': 'Finds what was said (once it has words) and written here. What was taken back is not found: it is gone.',
  'search.none': 'Nobody said that. Yet.',
  'search.found.one': 'Said once.',
  'search.found.other': 'Said {n} times.',
};

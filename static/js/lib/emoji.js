/** Our own small set: enough to answer a voice with. */

export const QUICK = ['😂', '✨', '❤️', '😮', '👏', '🔥'];

export const ALL = [
  ...QUICK, '🤣', '😅', '🥹', '🙃', '🤔', '🫠', '🤯', '😴', '🙌', '👀', '💫', '🌈', '🎉', '🦄', '🐙', '🥔', '🧀', '🌵',
];

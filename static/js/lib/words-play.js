/** Import this before what speaks with the words of games and settings. */
import { learn } from './text.js';

await learn('play');

/** Import this before what speaks with the words of being woken. */
import { learn } from './text.js';

await learn('wake');

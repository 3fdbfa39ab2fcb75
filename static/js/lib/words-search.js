/** Import this before what speaks with the words of the search. */
import { learn } from './text.js';

await learn('search');

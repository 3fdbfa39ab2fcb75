/** Import this before what speaks with the words of the party screen. */
import { learn } from './text.js';

await learn('screen');

/** Import this before what speaks with the words of an evening. */
import { learn } from './text.js';

await learn('evening');

/** Import this before what speaks of clips that a filter holds, and of where help is. */
import { learn } from './text.js';

await learn('held');

/** Import this before what speaks with the lobby's words. */
import { learn } from './text.js';

await learn('lobby');

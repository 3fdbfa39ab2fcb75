/** Import this before what speaks with the words of the admin's page. */
import { learn } from './text.js';

await learn('moderate');

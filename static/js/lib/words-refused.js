/** Import this before what tells why something was refused. */
import { learn } from './text.js';

await learn('refused');

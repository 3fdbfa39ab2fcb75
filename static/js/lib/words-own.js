/** Import this before what speaks with the words of settings, the microphone check and a voice's sheet. */
import { learn } from './text.js';

await learn('own');

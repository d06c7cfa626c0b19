/** Diagnostics H7xx: the command line. */
import { defineDiagnostic } from './diagnostic.ts';

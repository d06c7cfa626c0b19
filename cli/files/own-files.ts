/** Where the files are that come with the program, in the package and in its sources. */
import { dirname, join } from 'node:path';

/** Sources run as they are; the package has them compiled, in `dist`. */
export const isSource = import.meta.filename.endsWith('.ts');

const house = join(import.meta.dirname, '..', '..');

/** The root of the package or of the repository. */
export const ownRoot = isSource ? house : dirname(house);
export const ownModels = join(ownRoot, 'examples', 'models');
/** The demo page as vite has made it. */
export const ownPage = isSource ? join(house, 'dist', 'page') : join(house, 'page');

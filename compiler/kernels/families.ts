/** Where the layout search finds what it needs of the kernels besides candidates. */
export { contiguous } from './result-layouts.ts';
export { sparseDiagonals } from './sparse-diagonals.ts';

/** All kernels; `runtime/rns/kernels/kernels.ts` says what each takes and gives. */
export * from './ntt';
export * from './roots';
export * from './pointwise';
export * from './products';
export { fillPermutation, permute } from './permutation';
export * from './key-switch';
export * from './embedding';
export * from './residues';
export * from './seed';
export * from './self-test';

/** All kernels; `runtime/rns/kernels/kernels.ts` says what each takes and gives. */
export * from './ntt';
export * from './roots';
export * from './pointwise';
export * from './products';
export { fillPermutation, permute } from './permutation';
export * from './key-switch';
export * from './embedding';
export { load, loadKey, store } from './residues';
export { expandSeed } from './streams/seed';
export * from './self-test';
export { packResidues, unpackResidues } from './packed-residues';
export { chacha20 } from './streams/chacha20';
export { expandUniform } from './streams/uniform';
export { sampleError, sampleTernary } from './streams/sampling';

/** The seed of long runs: HEPC_SEED as in `test/support/seed.ts`, the same in every run unless that says otherwise. */
export function fuzzSeed(): number {
  const wanted = process.env['HEPC_SEED'] ?? '20261123';
  const seed = wanted === 'random' ? Math.floor(Math.random() * 2 ** 31) : Number(wanted);
  if (!Number.isFinite(seed)) throw new Error(`HEPC_SEED is ${wanted}: neither a number nor "random"`);
  return seed;
}

/** Diagnostics H350 to H353: pruning by tiles. */
import { defineDiagnostic } from '../diagnostic.ts';

export const noTiles = defineDiagnostic<{ pass: string }>({
  code: 'H350',
  severity: 'error',
  title: 'a network without tiles of weights',
  explain:
    'Tiles are cut from the weights of `dense`, `conv` and `sparse` ops. A network without such an op, or whose weights ' +
    'are all zero, has none.',
  message: ({ pass }) => `${pass} finds no tile: no dense, conv or sparse op has a weight other than zero`,
});

export const oneOf = defineDiagnostic<{ pass: string; options: readonly string[]; given: readonly string[] }>({
  code: 'H351',
  severity: 'error',
  title: 'a pass of pruning needs exactly one of several options',
  explain:
    'Tiles are cut either by the kernels of a compiled network (`kernels`, which the library passes) or into blocks of ' +
    'the matrices (`tile: [rows, columns]`). How much is pruned is given by one of `sparsity` (share of the tiles), ' +
    '`threshold` (largest score that is dropped), `saving` (share of the modelled cost) and `maxError`.',
  message: ({ pass, options, given }) =>
    `${pass} needs exactly one of ${options.join(', ')}; got ${given.length === 0 ? 'none' : given.join(' and ')}`,
});

export const errorNeedsSamples = defineDiagnostic<{ option: string }>({
  code: 'H352',
  severity: 'error',
  title: 'the error of the outputs cannot be estimated without samples',
  explain:
    'The criterion `error` estimates how far dropping a tile moves the outputs on calibration samples. `maxError` bounds ' +
    'that estimate, and `compensate` takes the means of what is dropped from it, so both go with this criterion only.',
  message: ({ option }) => `${option} needs calibration samples and the criterion error`,
  notes: () => ['give samples with --data', 'use a criterion of the weights alone: min, max, mean or non-zeros'],
});

export const goalNotReached = defineDiagnostic<{ wanted: string; got: string }>({
  code: 'H353',
  severity: 'warning',
  title: 'fewer tiles were dropped than wanted',
  explain:
    'The last tile of a layer is never dropped: what follows would be a constant. Where layers have few tiles, or weights ' +
    'are shared by many, that ends the pruning early.',
  message: ({ wanted, got }) => `wanted ${wanted}, got ${got}: every layer keeps a tile`,
  notes: () => ['prune less, or cut smaller tiles'],
});

/** Options of the library; those of the command line are checked where they are read. */
import { badCompileOption, noSuchEngine } from '../ir/diagnostics/compile.ts';
import { refreshesImpossible } from '../ir/diagnostics/refresh/messages.ts';
import type { Diagnostic } from '../ir/diagnostics/diagnostic.ts';
import { bootstrapSetNames } from '../ir/ckks/bootstrapping.ts';
import { highestDegree } from '../ir/maths/highest-degree.ts';
import { maxSlots } from '../ir/parameters.ts';
import { type EngineName, engineNames } from '../ir/plan/plan.ts';
import type { SearchLimits } from '../ir/plan/search-report.ts';
import { suggestion } from '../ir/suggestion.ts';
import { isPowerOfTwo } from '../ir/tile/layout.ts';
import type { TileShape } from '../ir/tile/place-weights.ts';

export interface LibraryOptions {
  /** Typed as one of the names, but JavaScript may pass anything. */
  readonly engine?: string | undefined;
  readonly maxError: number;
  readonly maxDisagreement?: number | undefined;
  readonly maxDegree?: number | undefined;
  readonly batch?: number | undefined;
  readonly bandwidthMbit: number;
  readonly limits: SearchLimits;
  readonly tile?: TileShape | undefined;
  /** As of the engine. */
  readonly bootstrapSet?: string | undefined;
}

const isTileExtent = (value: number): boolean => isPowerOfTwo(value) && value <= maxSlots;
const isDegree = (value: number): boolean => Number.isInteger(value) && value >= 2 && value <= highestDegree;
const tileExtent = `a power of two of at most ${maxSlots}`;

/** H341 for each number that is out of range, H338 for an engine that there is not. */
export function checkOptions(options: LibraryOptions): Diagnostic[] {
  const { engine, maxError, maxDisagreement, maxDegree, batch, bandwidthMbit, limits, tile } = options;
  const above = (least: number) => (value: number) => value > least && value < Infinity;
  const rows: readonly [string, number | undefined, (value: number) => boolean, string][] = [
    ['maxError', maxError, (value) => value > 0 && value <= 1, 'a number above 0 and at most 1'],
    ['maxDisagreement', maxDisagreement, (value) => value >= 0 && value < 1, 'a number of at least 0 and below 1'],
    ['maxDegree', maxDegree, isDegree, `a whole number from 2 to ${highestDegree}`],
    ['batch', batch, (value) => Number.isSafeInteger(value) && value >= 1, 'a whole number of at least 1'],
    ['bandwidthMbit', bandwidthMbit, above(0), 'a number above 0'],
    ['limits.memoryBytes', limits.memoryBytes, above(0), 'a number above 0'],
    ['limits.uploadBytes', limits.uploadBytes, above(0), 'a number above 0'],
    ['tile.rows', tile?.rows, isTileExtent, tileExtent],
    ['tile.columns', tile?.columns, isTileExtent, tileExtent],
    ['tile.rows · tile.columns', tile && tile.rows * tile.columns, isTileExtent, tileExtent],
    ['limits.galoisKeys', limits.galoisKeys, above(-1), 'a number that is not negative'],
  ];
  const numbers = rows.flatMap(([option, value, fits, expected]) =>
    value === undefined || fits(value) ? [] : [badCompileOption({ option, value, expected })],
  );
  return [...numbers, ...checkEngine(engine), ...checkBootstrapSet(options.bootstrapSet)];
}

function checkBootstrapSet(value: unknown): Diagnostic[] {
  if (value === undefined || bootstrapSetNames.some((name) => name === value)) return [];
  const expected = `one of ${bootstrapSetNames.join(', ')}`;
  return [
    badCompileOption({ option: 'bootstrapSet', value: typeof value === 'string' ? value : typeof value, expected }),
  ];
}

/** H665 for what does not go with refreshes by the client. */
export function checkRefresh(engine: EngineName, weights: 'plain' | 'encrypted'): Diagnostic[] {
  return [
    ...(engine === 'simd' ? [] : [refreshesImpossible({ reason: `the engine ${engine} does not pause` })]),
    ...(weights === 'plain'
      ? []
      : [refreshesImpossible({ reason: 'encrypted weights come in the order of the whole program' })]),
  ];
}

function checkEngine(engine: unknown): Diagnostic[] {
  if (engine === undefined || engineNames.some((name) => name === engine)) return [];
  const got = typeof engine === 'string' ? engine : `a value of type ${typeof engine}`;
  return [noSuchEngine({ got, known: engineNames, suggestion: suggestion(got, engineNames) })];
}

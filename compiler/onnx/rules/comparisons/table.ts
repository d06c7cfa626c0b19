/**
 * Comparisons of the default domain on encrypted values, where a layer reads what comes of them: the client makes them exactly,
 * and for nothing, where it can.
 */
import type { Rule } from '../../emission/operation.ts';
import { equal, greater, greaterOrEqual, less, lessOrEqual, whereEncrypted } from './decisions.ts';
import { clipBetween, reducedExtreme, variadicExtreme } from './extremes.ts';

export const comparisonRules: ReadonlyMap<string, Rule> = new Map(
  Object.entries<Rule>({
    Greater: greater,
    GreaterOrEqual: greaterOrEqual,
    Less: less,
    LessOrEqual: lessOrEqual,
    Equal: equal,
    Where: whereEncrypted,
    Max: variadicExtreme('maximum'),
    Min: variadicExtreme('minimum'),
    ReduceMax: reducedExtreme('maximum'),
    ReduceMin: reducedExtreme('minimum'),
    Clip: clipBetween,
  }),
);

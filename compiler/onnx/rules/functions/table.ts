/**
 * The operators of the default domain that are computed on encrypted values only where a layer reads what comes of them: the
 * client computes them exactly, and for nothing, where it can.
 */
import type { Rule } from '../../emission/operation.ts';
import { logSumExp, lpNormalizationInside, reducedBy, softmaxInside, square } from './along-axes.ts';
import { elementwise, nowhere, quotient, realPower } from './elementwise.ts';

const root: Parameters<typeof reducedBy>[1] = (emit, x) => emit.activation(x, 'sqrt', []);
const logarithm: Parameters<typeof reducedBy>[1] = (emit, x) => emit.activation(x, 'log', []);
const absolute: Parameters<typeof reducedBy>[0] = (emit, x) => emit.activation(x, 'abs', []);
const same: Parameters<typeof reducedBy>[0] = (_, x) => x;

export const functionRules: ReadonlyMap<string, Rule> = new Map(
  Object.entries<Rule>({
    // Of one element
    Abs: elementwise('abs'),
    Sign: elementwise('sign'),
    Reciprocal: elementwise('reciprocal'),
    Sqrt: elementwise('sqrt'),
    Exp: elementwise('exp'),
    Log: elementwise('log'),
    Erf: elementwise('erf'),
    Sin: elementwise('sin'),
    Cos: elementwise('cos'),
    Tan: elementwise('tan'),
    Asin: elementwise('asin'),
    Acos: elementwise('acos'),
    Atan: elementwise('atan'),
    Sinh: elementwise('sinh'),
    Cosh: elementwise('cosh'),
    Asinh: elementwise('asinh'),
    Acosh: elementwise('acosh'),
    Atanh: elementwise('atanh'),
    Softsign: elementwise('softsign'),
    IsNaN: nowhere,
    IsInf: nowhere,

    // Of two
    Div: quotient,
    Pow: realPower,

    // Along axes
    Softmax: softmaxInside(false),
    LogSoftmax: softmaxInside(true),
    ReduceL1: reducedBy(absolute, same),
    ReduceL2: reducedBy(square, root),
    ReduceLogSum: reducedBy(same, logarithm),
    ReduceLogSumExp: logSumExp,
    LpNormalization: lpNormalizationInside,
  }),
);

/**
 * The operators of the default domain that the client computes by rules of their own. Others it computes by their rules for
 * encrypted values, where these take no weights (`client/translate.ts`).
 */
import {
  argument,
  hardmax,
  logarithm,
  lpNormalization,
  reduce,
  softmax,
  square,
  topK,
} from './client/rules/along-axes.ts';
import {
  binary,
  cast,
  castLike,
  clip,
  isInfinite,
  modulo,
  softsign,
  squareRoot,
  unary,
  variadic,
  where,
} from './client/rules/elementwise.ts';
import { gather, gatherElements, oneHot } from './client/rules/selection.ts';
import type { StepRule } from './client/client-operation.ts';
import type { ClientRuleTable } from './rule-table.ts';

export const standardClientRules: ClientRuleTable = steps({
  // What compares
  Softmax: softmax(false),
  LogSoftmax: softmax(true),
  Hardmax: hardmax,
  ArgMax: argument('maximum'),
  ArgMin: argument('minimum'),
  TopK: topK,
  Equal: binary('equal'),
  Greater: binary('greater'),
  GreaterOrEqual: binary('greater-or-equal'),
  Less: binary('less'),
  LessOrEqual: binary('less-or-equal'),
  And: binary('and'),
  Or: binary('or'),
  Xor: binary('xor'),
  Not: unary('not'),
  IsNaN: unary('is-nan'),
  IsInf: isInfinite,
  Min: variadic('minimum'),
  Max: variadic('maximum'),
  Where: where,
  Clip: clip,

  // Functions of one element
  Abs: unary('abs'),
  Reciprocal: unary('reciprocal'),
  Sqrt: squareRoot,
  Exp: unary('exp'),
  Log: unary('log'),
  Floor: unary('floor'),
  Ceil: unary('ceil'),
  Round: unary('round-half-even'),
  Sign: unary('sign'),
  Sin: unary('sin'),
  Cos: unary('cos'),
  Tan: unary('tan'),
  Asin: unary('asin'),
  Acos: unary('acos'),
  Atan: unary('atan'),
  Sinh: unary('sinh'),
  Cosh: unary('cosh'),
  Asinh: unary('asinh'),
  Acosh: unary('acosh'),
  Atanh: unary('atanh'),
  Erf: unary('erf'),
  Softsign: softsign,
  Cast: cast,
  CastLike: castLike,

  // Of two elements
  Div: binary('divide'),
  Pow: binary('power'),
  Mod: modulo,

  // Along axes
  ReduceSum: reduce('sum'),
  ReduceMean: reduce('mean'),
  ReduceProd: reduce('product'),
  ReduceMax: reduce('maximum'),
  ReduceMin: reduce('minimum'),
  ReduceSumSquare: reduce('sum', square),
  ReduceL1: reduce('norm-1'),
  ReduceL2: reduce('norm-2'),
  ReduceLogSum: reduce('sum', undefined, logarithm),
  ReduceLogSumExp: reduce('log-sum-exp'),
  LpNormalization: lpNormalization,

  // By computed indices
  Gather: gather,
  GatherElements: gatherElements,
  OneHot: oneHot,
});

function steps(table: Readonly<Record<string, StepRule>>): ClientRuleTable {
  return Object.fromEntries(Object.entries(table).map(([name, rule]) => [name, { steps: rule }]));
}

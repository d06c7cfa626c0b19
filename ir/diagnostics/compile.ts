/** Diagnostics H3xx: compilation and parameters. */
import { formatError, formatLimit } from '../maths/error-unit.ts';
import { highestDegree } from '../maths/highest-degree.ts';
import { defineDiagnostic } from './diagnostic.ts';

export const tooManyNonZeros = defineDiagnostic<{ rows: number; columns: number; limit: number }>({
  code: 'H310',
  severity: 'error',
  title: 'a linear operation has too many weights',
  explain:
    'hepc writes every linear operation (convolutions included) as a sparse matrix from the elements of its operand ' +
    'to the elements of its result. A model whose matrix has more non-zeros than the limit is far beyond what can be ' +
    'evaluated under encryption; reduce the resolution or the number of channels, or prune the model first.',
  message: ({ rows, columns, limit }) =>
    `a linear operation from ${columns} to ${rows} elements has more than ${limit} non-zero weights`,
  notes: () => ['reduce the input resolution or the number of channels of this layer'],
});

export const chainTooShort = defineDiagnostic<{ depth: number; primes: number }>({
  code: 'H330',
  severity: 'error',
  title: 'the modulus chain is shorter than the program is deep',
  explain:
    'Every product that is rescaled uses up one prime of the modulus chain. The deepest way through the program needs ' +
    'more primes than the chain has. Ops on that way are named; merging linear ops, activations of lower degree, or ' +
    'removing a layer make it shorter.',
  message: ({ depth, primes }) =>
    `the program is ${depth} ${depth === 1 ? 'level' : 'levels'} deep, a chain of ${primes} primes allows ${primes - 1}`,
  notes: () => ['lower the degree of activations on this path, or merge linear layers'],
});

export const scaleDoesNotFit = defineDiagnostic<{ value: number; level: number; bits: number }>({
  code: 'H331',
  severity: 'error',
  title: 'a value has no useful scale below the modulus',
  explain:
    'The scale of a value times the value itself must stay below half of the modulus at its level, with 3 bits of ' +
    'headroom, and what is left has to be shared with the plaintexts that it is multiplied with. The chain of primes is ' +
    'too small for this program: choose larger primes, or more of them.',
  message: ({ value, level, bits }) => `%${value} is left with a scale of 2^${bits.toFixed(1)} at level ${level}`,
  notes: () => ['choose larger primes, or a longer chain'],
});

/** A polynomial on a path, and the levels that it takes there. */
export interface DeepPolynomial {
  readonly name: string;
  readonly degree: number;
  readonly levels: number;
}

/** What the levels of a path go to. */
export interface SpentLevels {
  readonly polynomials: number;
  readonly products: number;
  readonly linear: number;
  /** To moving values between slots, and to bringing scales together. */
  readonly moves: number;
}

/** What a plan changes of a model: outputs, as a fraction of the error's unit, and the part of samples with another label. */
interface Change {
  readonly error: number;
  readonly changed: number;
}

export const noParameters = defineDiagnostic<{
  depth: number;
  /** Levels of the longest chain, and its degree. */
  most: number;
  degree: number;
  /** Undefined where no chain is long enough. */
  accuracy: { readonly allowed: Change; readonly best: Change } | undefined;
  spent: SpentLevels;
  /** Those that take the most, in descending order. */
  /** Whether its values are brought back to the top of the chain on the way. */
  isBootstrapped: boolean;
  polynomials: readonly DeepPolynomial[];
  /** Pairs of neighbouring linear ops. */
  mergeable: readonly string[];
  /** Names of the operations on the deepest path. */
  path: readonly string[];
}>({
  code: 'H332',
  severity: 'error',
  title: 'no 128-bit secure parameters compute this model accurately enough',
  explain:
    'Polynomial modulus degrees go from 4096 to 65536, for seal-wasm to 32768. The total modulus is limited by security ' +
    '(107, 214, 430, 868 and 1747 bits), every product on the deepest path takes a prime from it, and more ' +
    'accuracy takes larger primes. Either the path is too deep for any chain, which is known before plans are searched, ' +
    'or no chain is accurate enough. The message tells what the levels go to, and the polynomials that take the most: one ' +
    'of degree d takes log2(d + 1) of them, rounded up.',
  message: ({ depth, most, degree, accuracy, isBootstrapped, spent, polynomials }) => {
    const chain = isBootstrapped ? 'chain with bootstraps' : `chain of ${depth} levels`;
    const reason =
      accuracy === undefined
        ? `the model needs ${depth} levels, the longest chain (N = ${degree}) has ${most}`
        : `no ${chain} ${describeMiss(accuracy)}`;
    return `${reason}: ${describeLevels(spent, polynomials)}`;
  },
  notes: ({ polynomials, mergeable, path }) => [
    ...polynomials.map(
      ({ name, degree, levels }) => `${name} is a polynomial of degree ${degree}, which takes ${levels} levels`,
    ),
    ...mergeable.map((pair) => `merge ${pair} into one linear op`),
    polynomials.length > 0
      ? 'retrain with squares in place of activations, or remove layers on the deepest path'
      : 'remove products or layers on the deepest path',
    ...(path.length === 0 ? [] : [`the deepest path is ${shortened(path)}`]),
  ],
});

function describeMiss({ allowed, best }: { readonly allowed: Change; readonly best: Change }): string {
  if (best.error === Infinity)
    return `keeps an error of ${formatLimit(allowed.error)}, values outgrow all bounds under noise`;
  return best.error > allowed.error
    ? `keeps an error of ${formatLimit(allowed.error)}, the best reaches ${formatError(best.error)} or more`
    : `keeps the labels of all but ${formatLimit(allowed.changed)} of the samples, the best changes ${formatError(best.changed)}`;
}

/** Such as `17 for polynomials (5 for "act3" (Relu), 4 for "act1" (Relu)), 9 for linear layers`. */
function describeLevels(
  { polynomials, products, linear, moves }: SpentLevels,
  named: readonly DeepPolynomial[],
): string {
  const deepest = named.map(({ name, levels }) => `${levels} for ${name}`).join(', ');
  const parts = [
    ...(polynomials > 0 ? [`${polynomials} for polynomials (${deepest})`] : []),
    ...(products > 0 ? [`${products} for products`] : []),
    ...(linear > 0 ? [`${linear} for linear layers`] : []),
    ...(moves > 0 ? [`${moves} for moving values`] : []),
  ];
  return parts.join(', ');
}

/** Names at both ends of a path that are shown. */
const shownAtEnds = 3;

function shortened(names: readonly string[]): string {
  const left = names.length - 2 * shownAtEnds;
  if (left <= 1) return names.join(', ');
  return [...names.slice(0, shownAtEnds), `${left} more`, ...names.slice(-shownAtEnds)].join(', ');
}

export const syntheticSamples = defineDiagnostic<Record<string, never>>({
  code: 'H334',
  severity: 'warning',
  title: 'compiled without calibration samples',
  explain:
    'Ranges, scales and the predicted error come from samples. Without --calibrate the compiler uses 64 seeded uniform ' +
    'samples in [0, 1], which may be far from real inputs: values beyond their range make encrypted answers wrong.',
  message: () => 'no calibration samples: ranges and the predicted error come from 64 uniform samples in [0, 1]',
  notes: () => ['give real inputs with --calibrate SAMPLES.npz'],
});

export const batchTooLarge = defineDiagnostic<{ batch: number; most: number }>({
  code: 'H335',
  severity: 'error',
  title: 'the batch is larger than a ciphertext has slots',
  explain:
    'The samples of a batch stand side by side in the slots of a ciphertext, of which there are at most 32768, and 16384 for seal-wasm. Larger ' +
    'batches run as several evaluations of a plan.',
  message: ({ batch, most }) => `a batch of ${batch} samples is larger than the ${most} slots of a ciphertext`,
  notes: ({ most }) => [`compile with --batch ${most} or less; run more samples with the same plan`],
});

export const activationsNeedSamples = defineDiagnostic<{ count: number }>({
  code: 'H311',
  severity: 'error',
  title: 'activations need calibration samples',
  explain:
    'Encrypted evaluation knows additions and multiplications only, so every activation is replaced by a polynomial. ' +
    'A polynomial is good on one interval; hepc measures it on samples of your own data, because on made-up data the ' +
    'interval, and with it every answer, would be wrong.',
  message: ({ count }) =>
    count === 1
      ? 'the model has an activation that is no polynomial, and there are no calibration samples'
      : `the model has ${count} activations that are no polynomials, and there are no calibration samples`,
  notes: () => ['pass a few hundred representative inputs with --calibrate FILE.npz'],
});

export const valuesNotFinite = defineDiagnostic<{ sample: number }>({
  code: 'H312',
  severity: 'error',
  title: 'the model computes values that are not finite',
  explain:
    'On a calibration sample a value of the model is infinite or not a number, already without encryption. ' +
    'Nothing can be said about ranges then.',
  message: ({ sample }) => `calibration sample ${sample} leads to an infinite value or to one that is not a number`,
  notes: () => ['check that sample, and run the model on it with onnxruntime'],
});

export const degenerateRange = defineDiagnostic<{ value: number }>({
  code: 'H313',
  severity: 'error',
  title: 'an activation sees a single value',
  explain:
    'On all calibration samples every input of an activation is the same number: there is no range to approximate the ' +
    'activation on. The layer before it is dead, or the samples are all alike.',
  message: ({ value }) => `every input of this activation is ${value} on all calibration samples`,
  notes: () => ['calibrate with samples that differ', 'remove the layer from the model if it is dead'],
});

export const rangeMeetsPole = defineDiagnostic<{ kind: string; lo: number; hi: number; ends: readonly number[] }>({
  code: 'H359',
  severity: 'error',
  title: 'the operand of a function reaches a point where no polynomial is close to it',
  explain:
    'Square roots, logarithms, reciprocals, real powers, tangents and inverse trigonometric functions end somewhere, or grow ' +
    'beyond all bounds: at zero, at one, at a pole. A polynomial stands for such a function on the range of its operand on the ' +
    'calibration samples and some headroom, which has to keep away from these points, on one side of them. On this model’s samples it does ' +
    'not. Most often a small constant is missing that keeps a sum of squares from zero, such as the epsilon of a normalisation, or the ' +
    'samples have an element that is always zero.',
  message: ({ kind, lo, hi, ends }) =>
    `the operand of this ${kind} is between ${showNumber(lo)} and ${showNumber(hi)} on the calibration samples; ` +
    `it has to stay away from ${ends.map(showNumber).join(' and ')}`,
  notes: () => [
    'add a constant before it, such as the epsilon of a normalisation: sqrt(x + 0.01)',
    'calibrate with samples whose operands keep away from there, and leave out others at inference',
  ],
});

export const constantOutputOnSamples = defineDiagnostic<{ name: string }>({
  code: 'H348',
  severity: 'warning',
  title: 'an output is constant on the calibration samples',
  explain:
    'The model gives the same answer for all calibration samples, so that they show nothing of how it depends on its inputs, ' +
    'and ranges are those of one answer. Mostly the samples are not those that the model was made for, or lack its ' +
    'preprocessing.',
  message: ({ name }) => `output "${name}" is constant on all calibration samples`,
  notes: () => ['Check that the samples are scaled and ordered as the model expects them, and differ.'],
});

export const constantOnSamples = defineDiagnostic<{ kind: string; value: number; lo: number; hi: number }>({
  code: 'H315',
  severity: 'warning',
  title: 'a layer is constant on the calibration samples',
  explain:
    'On all calibration samples the operand of an activation lies where the activation is flat: below zero of a ReLU, beyond ' +
    'the bounds of a Clip. The plan has the constant in place of the layer, and whatever depends on it alone is left out. ' +
    'For inputs that lead elsewhere the answer would be wrong. Mostly the samples are not those that the model was made ' +
    'for, or lack its preprocessing.',
  message: ({ kind, value, lo, hi }) =>
    `this ${kind} is ${showNumber(value)} on all calibration samples, whose values are in [${showNumber(lo)}, ${showNumber(hi)}] there`,
  notes: () => [
    'check that the samples are scaled and ordered as the model expects them',
    'calibrate with more samples, or remove the layer from the model if it is dead',
  ],
});

export const activationErrorTooLarge = defineDiagnostic<{
  kind: string;
  lo: number;
  hi: number;
  degree: number;
  effect: Change;
  allowed: Change;
}>({
  code: 'H314',
  severity: 'error',
  title: 'no polynomial approximates the activations well enough',
  explain:
    'hepc tries polynomials of growing degree in place of the activations until the output of the model on the ' +
    'calibration samples is within the allowed error of the exact one: the most of it that approximation may take is 85 % of ' +
    '--max-error, so that something is left for the noise of the encryption, and as much of --max-disagreement. Errors are ' +
    'fractions of the median over samples of the largest absolute output. Even the highest degree was not enough, nor, for ' +
    'functions with breaks such as ReLU, compositions of polynomials as deep as any chain may carry. The ' +
    'diagnostic names the activation whose replacement alone changes the output most.',
  message: ({ kind, lo, hi, degree, effect, allowed }) =>
    `polynomials of degree ${degree} change ` +
    (effect.error > allowed.error
      ? `the output by ${formatError(effect.error)}, they may by ${formatLimit(allowed.error)}`
      : `the labels of ${formatError(effect.changed)} of the samples, they may of ${formatLimit(allowed.changed)}`) +
    `; most of the change is due to this ${kind} on [${showNumber(lo)}, ${showNumber(hi)}]`,
  notes: ({ degree }) => [
    ...(degree < highestDegree ? ['allow higher degrees with --max-degree'] : []),
    'narrow the range: put batch normalisation before the activation, or remove outliers from the calibration samples',
    'retrain with a polynomial activation such as x² or a smooth one such as SiLU',
  ],
});

function showNumber(x: number): string {
  return String(Number(x.toPrecision(3)));
}

export const valuesOverflow = defineDiagnostic<Record<string, never>>({
  code: 'H336',
  severity: 'error',
  title: 'a value overflows on the calibration samples',
  explain:
    'On the calibration samples a value inside of the network becomes infinite, even in double precision: powers of ' +
    'large values, mostly, or products of large weights. No scale can hold it.',
  message: () => 'the values of this operation overflow on the calibration samples',
  notes: () => ['scale the inputs or weights down, or use fewer products one after another'],
});

export const fewSamples = defineDiagnostic<{ count: number }>({
  code: 'H337',
  severity: 'warning',
  title: 'few calibration samples',
  explain:
    'Ranges of all values, the intervals of approximated activations and the predicted error come from the calibration ' +
    'samples. Inputs that stay within the range of the samples may still lead to larger values inside of the network, ' +
    'where a polynomial is far off. A few hundred real samples make that unlikely.',
  message: ({ count }) =>
    `ranges come from ${count === 1 ? 'a single calibration sample' : `${count} calibration samples`}: other inputs may exceed them`,
  notes: () => ['calibrate with a few hundred real inputs'],
});

export const noSuchEngine = defineDiagnostic<{
  got: string;
  known: readonly string[];
  suggestion: string | undefined;
}>({
  code: 'H338',
  severity: 'error',
  title: 'no such engine to compile for',
  explain:
    'A plan is compiled for an engine, whose costs, memory and capabilities decide about layouts and parameters. It runs ' +
    'on every other engine as well.',
  message: ({ got, known }) =>
    `there is no engine ${JSON.stringify(got.slice(0, 80))}; there are ${known.join(' and ')}`,
  notes: ({ suggestion }) => (suggestion === undefined ? [] : [`did you mean ${suggestion}?`]),
});

export const noLabels = defineDiagnostic<Record<string, never>>({
  code: 'H349',
  severity: 'error',
  title: 'no labels that may change',
  explain:
    'With --max-disagreement the compiler keeps the labels that a model gives: those that the client computes after ' +
    'decryption, or the places of the largest elements of outputs that are scores, which are lists of two numbers or more. ' +
    'This model gives neither.',
  message: () => 'the outputs of the model are no scores of classes, so that there are no labels to keep',
  notes: () => ['say how large errors may be with --max-error'],
});

export const badCompileOption = defineDiagnostic<{ option: string; value: number | string; expected: string }>({
  code: 'H341',
  severity: 'error',
  title: 'an option of the compiler that is out of range',
  explain:
    'The library takes errors above 0 and at most 1, whole batches of at least one sample, bandwidths above 0 Mbit/s, ' +
    'and limits that are not negative.',
  message: ({ option, value, expected }) => `${option} is ${value}, expected ${expected}`,
});

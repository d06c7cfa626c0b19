/**
 * How far inputs may exceed the calibrated range: the largest factor by which the samples can be amplified, all inputs
 * together or one alone, so that the plan still computes the model.
 *
 * - Values have 3 bits of headroom. Where an input is h times as large, a value of degree d in the inputs is about h^d
 *   times as large, so h ≤ 8^(1/d) for the largest degree of a value that depends on it. The degree counts all inputs,
 *   since all may be larger at once.
 * - A polynomial that stands for an activation is close to it on the range that it was fitted on, and there only: outside
 *   of it an approximation of degree 15 is 10^22 off. Inside it is bounded, and counts for the growth as degree one. So
 *   the samples themselves are amplified, step by step, until an operand leaves its range, a value outgrows the headroom,
 *   or the outputs differ from those of the model by more than the part of the allowed error that approximation may take.
 *
 * What this promises: calibration samples are in range, and so are these amplified until one of their values reaches the
 * bound (at most twice beside those that are as large as any, see `louder-samples.ts`); all of them are answered within
 * the allowed error, as a share of the median largest output or of their own, whichever is larger. Other inputs that
 * keep the bound element by element may still lead beyond a range: no bound on elements can tell.
 */
import type { TensorModule } from '../../ir/tensor/ops.ts';
import { amplified, gains } from '../../passes/base/louder-samples.ts';
import { floatRounding, isFitted, roomForGrowth, type Trial, type TrialFacts } from './trial.ts';

/** Factors that are tried, up to the first that is not safe: amplifying once more takes 2 % up to 1.3, then 10 %. */
const triedFactors: readonly number[] = [...steps(1, 1.3, 1.02), ...steps(1.3, roomForGrowth, 1.1)];

/** A factor of at least one for each input, by name. */
export function inputHeadroom(
  { exact, whole, samples }: Pick<TrialFacts, 'exact' | 'whole' | 'samples'>,
  trial: Trial,
): Map<string, number> {
  const byDegree = growthBounds(exact);
  if (!whole.nodes.some(isFitted) && !exact.nodes.some(({ op }) => op === 'activation')) return byDegree;
  const gainOf = gains(samples);
  const largestGain = (most: number, names?: ReadonlySet<string>): number =>
    largestFactor(most, (factor) =>
      samples.every((sample, k) => trial.isAnswered(amplified(amplified(sample, gainOf[k] ?? 1), factor, names))),
    );
  const together = largestGain(Math.max(...byDegree.values()));
  const isOnly = byDegree.size === 1;
  return new Map(
    [...byDegree].map(([name, bound]) => {
      const alone = isOnly ? together : largestGain(together, new Set([name]));
      return [name, Math.max(1 + floatRounding, Math.min(bound, together, alone))];
    }),
  );
}

/** The largest of the factors that are tried, up to `most`, until one is not safe; 1 where the first is not. */
export function largestFactor(most: number, isSafe: (factor: number) => boolean): number {
  let safe = 1;
  for (const factor of triedFactors) {
    if (factor > most || !isSafe(factor)) break;
    safe = factor;
  }
  return safe;
}

/** For each input the bound from the degrees of the values that depend on it. */
function growthBounds(module: TensorModule): Map<string, number> {
  const degrees: number[] = [];
  const reads: ReadonlySet<string>[] = [];
  const highest = new Map<string, number>();
  for (const node of module.nodes) {
    const operands = node.operands.map((operand) => degrees[operand] ?? 0);
    const names = new Set(node.operands.flatMap((operand) => [...(reads[operand] ?? [])]));
    let degree = Math.max(0, ...operands);
    if (node.op === 'input') {
      names.add(node.attrs.name);
      degree = 1;
    }
    if (node.op === 'multiply') degree = operands.reduce((sum, each) => sum + each, 0);
    if (node.op === 'polynomial' && !isFitted(node)) degree *= Math.max(1, (node.attrs.coefficients.shape[1] ?? 1) - 1);
    degrees[node.id] = degree;
    reads[node.id] = names;
    for (const name of names) highest.set(name, Math.max(highest.get(name) ?? 1, degree));
  }
  return new Map([...highest].map(([name, degree]) => [name, roomForGrowth ** (1 / degree)]));
}

/** From the first factor above `from` up to `to`. */
function steps(from: number, to: number, ratio: number): number[] {
  const found: number[] = [];
  for (let factor = from * ratio; factor <= to; factor *= ratio) found.push(factor);
  return found;
}

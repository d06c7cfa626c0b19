/** Seeded inputs for modules of every level, and what a module computes from them in the clear. */
import { elementCount } from '../../ir/constant.ts';
import { heOpsOf } from '../../ir/he/module.ts';
import { evaluateHe } from '../../ir/interpret/he.ts';
import { evaluateTensor } from '../../ir/interpret/tensor.ts';
import { evaluateTile } from '../../ir/interpret/tile.ts';
import type { AnyModule } from '../../ir/levels.ts';
import { seededRandom, type SeededRandom } from '../../ir/random.ts';

/** Arrays by the names of the inputs, or for programs slot vectors by the numbers of the inputs. */
export type SeededInputs =
  | { readonly kind: 'named'; readonly samples: readonly ReadonlyMap<string, Float64Array>[] }
  | { readonly kind: 'numbered'; readonly samples: readonly (readonly Float64Array[])[] };

/** `count` samples, uniform in [−1, 1]. */
export function seededInputs(module: AnyModule, count: number): SeededInputs {
  const random = seededRandom(1);
  const times = <T>(make: () => T): T[] => Array.from({ length: count }, make);
  switch (module.level) {
    case 'tensor': {
      const inputs = module.nodes.flatMap((node) => (node.op === 'input' ? [node.attrs] : []));
      return { kind: 'named', samples: times(() => drawNamed(inputs, random)) };
    }
    case 'tile': {
      const inputs = module.nodes.flatMap((node) => (node.op === 'pack' ? [node.attrs] : []));
      return { kind: 'named', samples: times(() => drawNamed(inputs, random)) };
    }
    case 'he':
    case 'plan': {
      const program = { ...module, level: 'he' } as const;
      const numbers = [...heOpsOf(program)].flatMap(({ op, imm }) => (op === 'input' ? [imm] : []));
      const inputs = Math.max(-1, ...numbers) + 1;
      const draw = () => Array.from({ length: inputs }, () => uniform(module.slots, random));
      return { kind: 'numbered', samples: times(draw) };
    }
  }
}

function drawNamed(
  inputs: readonly { readonly name: string; readonly shape: readonly number[] }[],
  random: SeededRandom,
): ReadonlyMap<string, Float64Array> {
  return new Map(inputs.map(({ name, shape }) => [name, uniform(elementCount(shape), random)]));
}

function uniform(length: number, random: SeededRandom): Float64Array {
  return Float64Array.from({ length }, () => 2 * random.uniform() - 1);
}

/** The outputs of each sample, by name or number. */
export function evaluateAll(module: AnyModule, inputs: SeededInputs): ReadonlyMap<string, Float64Array>[] {
  if (inputs.kind === 'numbered') {
    if (module.level !== 'he' && module.level !== 'plan')
      throw new Error(`slot vectors for a module of ${module.level}`);
    return inputs.samples.map((sample) => new Map(evaluateHe(module, sample).map((slots, i) => [String(i), slots])));
  }
  if (module.level === 'tensor') return inputs.samples.map((sample) => evaluateTensor(module, sample));
  if (module.level !== 'tile') throw new Error(`named arrays for a module of ${module.level}`);
  return inputs.samples.map((sample) => evaluateTile(module, sample));
}

/** The largest difference of any output, as a fraction of the largest absolute one, or of 1 if all are smaller. */
export function largestDifference(
  a: readonly ReadonlyMap<string, Float64Array>[],
  b: readonly ReadonlyMap<string, Float64Array>[],
): number {
  let largest = 0;
  let difference = 0;
  for (const [sample, outputs] of a.entries()) {
    const others = b[sample];
    if (others?.size !== outputs.size) return Infinity;
    for (const [name, values] of outputs) {
      const other = others.get(name);
      if (other?.length !== values.length) return Infinity;
      for (const [i, value] of values.entries()) {
        largest = Math.max(largest, Math.abs(value));
        difference = Math.max(difference, Math.abs(value - (other[i] ?? NaN)));
      }
    }
  }
  return difference / Math.max(1, largest);
}

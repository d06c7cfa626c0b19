/**
 * Exact scales for a program with levels: what products and sums leave free takes the largest scale that its users
 * allow (`scale-targets.ts`), everything else follows (`scale-solver.ts`).
 */
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import type { HeModule } from '../../../ir/he/module.ts';
import { operandsOf } from '../../../ir/he/operands.ts';
import { isBootstrap, isInput, isWeight, keepsScale, scaleRule, usesPlaintextB } from '../../../ir/he/traits.ts';
import type { Parameters } from '../../../ir/parameters.ts';
import { ScaleSolver } from './scale-solver.ts';
import { scaleKeepers, scaleTargets } from './scale-targets.ts';

export interface Scaled {
  readonly module: HeModule;
  /** Sums whose operands cannot have the same scale. */
  readonly conflicts: readonly number[];
}

export interface ScaleOptions {
  /** Bits that must stay free between a scale and the modulus. */
  readonly roomBits: number;
  /** Of all inputs; what their users allow unless given. */
  readonly inputScale?: number | undefined;
  /** Of all outputs, at most. */
  readonly outputScale?: number | undefined;
}

export function assignScales(module: HeModule, parameters: Parameters, options: ScaleOptions): Scaled {
  const { roomBits, inputScale, outputScale = Infinity } = options;
  const { columns, bootstrapping: effect } = module;
  const { op, a, b, level } = columns;
  const keeper = scaleKeepers(columns);
  const targets = scaleTargets(columns, keeper, parameters, { roomBits, outputBits: Math.log2(outputScale), effect });
  const solver = new ScaleSolver(op.length);
  const conflicts: number[] = [];
  const relate = (id: number, other: number, ratio: number): void => {
    if (!solver.relate(id, other, ratio)) conflicts.push(id);
  };
  /** The scale of a value that others depend on now. */
  const settled = (value: number): number => {
    const known = solver.known(value);
    if (known !== undefined) return known;
    const scale = 2 ** (targets[value] ?? 0);
    solver.fix(value, scale);
    return scale;
  };
  const inputScales = scalesOfInputs(module, targets);
  for (let id = 0; id < op.length; id++) {
    const x = a[id] ?? -1;
    const y = b[id] ?? -1;
    const code = op[id] ?? 0;
    // An encrypted weight and a product with a plaintext are free: what they are added to decides, and what is encoded
    // follows.
    switch (scaleRule(code)) {
      case 'given':
        if (isInput(code)) solver.fix(id, inputScale ?? inputScales.get(columns.origin[id] ?? 0) ?? 1);
        break;
      case 'product': {
        if (usesPlaintextB(code)) break;
        const free = solver.known(x) === undefined ? x : y;
        const fixed = free === x ? y : x;
        relate(id, free, settled(fixed));
        break;
      }
      case 'quotient':
        relate(id, x, 1 / (parameters.primes[(level[id] ?? 0) + 1] ?? 1));
        break;
      case 'kept':
        for (const operand of operandsOf(columns, id)) relate(id, operand, 1);
        break;
      case 'restored':
        // Both are those of all bootstraps, and nothing else has a say.
        solver.fix(id, effect?.outputScale ?? 1);
        if (!solver.fix(x, effect?.scale ?? 1)) conflicts.push(id);
        break;
      case 'multiple':
        throw new InternalError(`%${id} has a factor of its scale before there are scales`);
    }
  }
  if (conflicts.length > 0) return { module, conflicts: [...new Set(conflicts)] };
  // Products decide before the weights in them: a weight that is still free then is in no product.
  for (let id = op.length - 1; id >= 0; id--) if (!isWeight(op[id] ?? -1)) settled(id);
  for (let id = 0; id < op.length; id++) settled(id);
  // Ops that keep the scale keep it bit for bit, whatever the order in which ratios were multiplied.
  // Operands and results of bootstraps may have come to theirs in some steps.
  const exact = new Map<number, number>();
  for (let id = 0; id < op.length; id++) {
    if (!isBootstrap(op[id] ?? -1)) continue;
    exact.set(keeper[a[id] ?? -1] ?? -1, effect?.scale ?? 1);
    exact.set(keeper[id] ?? -1, effect?.outputScale ?? 1);
  }
  const scale = Float64Array.from(keeper, (first) => exact.get(first) ?? solver.get(first));
  const plainScale = new Float64Array(op.length);
  for (let id = 0; id < op.length; id++) {
    const operand = scale[a[id] ?? -1] ?? 1;
    const code = op[id] ?? 0;
    if (usesPlaintextB(code)) plainScale[id] = keepsScale(code) ? operand : (scale[id] ?? 0) / operand;
  }
  return { module: { ...module, columns: { ...columns, scale, plainScale } }, conflicts: [] };
}

/** Ciphertexts of one packed input, which have one origin, have one scale. */
function scalesOfInputs({ columns: { op, origin } }: HeModule, targets: Float64Array): Map<number, number> {
  const scales = new Map<number, number>();
  for (let id = 0; id < op.length; id++) {
    if (!isInput(op[id] ?? -1)) continue;
    const key = origin[id] ?? 0;
    scales.set(key, Math.min(scales.get(key) ?? Infinity, 2 ** (targets[id] ?? 0)));
  }
  return scales;
}

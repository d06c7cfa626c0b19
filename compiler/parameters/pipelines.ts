/** The passes of each level, in order. */
import type { z } from 'zod';
import type { Constant } from '../../ir/constant.ts';
import { chainTooShort, scaleDoesNotFit } from '../../ir/diagnostics/compile.ts';
import { type Diagnostic, HepcError } from '../../ir/diagnostics/diagnostic.ts';
import type { HeModule } from '../../ir/he/module.ts';
import type { TensorModule, TensorNodeNamed } from '../../ir/tensor/ops.ts';
import { approximateActivations } from '../../passes/tensor/approximate-activations.ts';
import { assignLevels } from '../../passes/he/assign-levels.ts';
import { commonSubexpressions } from '../../passes/he/common-subexpressions.ts';
import { deadCiphertexts } from '../../passes/he/dead-ciphertexts.ts';
import { deadElements } from '../../passes/tensor/dead-elements.ts';
import { dropRounding } from '../../passes/tensor/drop-rounding.ts';
import { deadNodes } from '../../passes/tensor/dead-nodes.ts';
import { expandComposites } from '../../passes/tensor/expand-composites.ts';
import { factorPlaintexts } from '../../passes/he/factor-plaintexts.ts';
import { foldRotations } from '../../passes/he/fold-rotations.ts';
import { type Orders, permuteModule } from '../../passes/pruning/orders/apply-permutation.ts';
import { coefficientsOf, degreeOf, depthOf, highestDegreeOf } from '../../passes/tensor/approximation/stand-in.ts';
import type { PassManager, RefusedModule } from '../../passes/manager.ts';
import { joinComparisons } from '../../passes/tensor/join-comparisons.ts';
import { mergeFolds } from '../../passes/he/merge-folds.ts';
import { mergeLinear } from '../../passes/tensor/merge-linear.ts';
import { mergePolynomials } from '../../passes/tensor/merge-polynomials.ts';
import { relinearizeLazily } from '../../passes/he/relinearize-lazily.ts';
import { rescaleLazily } from '../../passes/he/rescale-lazily.ts';
import { rotateLate } from '../../passes/he/rotate-late.ts';
import { type KeyOptions, selectKeys } from '../../passes/he/select-keys.ts';
import { scaleComparisons } from '../../passes/tensor/scale-comparisons.ts';
import { sinkMasks } from '../../passes/he/sink-masks.ts';
import type { Chain } from './chains.ts';

/**
 * Roundings of quantised models go first, for networks of reals are what all that follows is about; what they change of the
 * outputs, `rounding`, is taken off the error that activations may have. Linear ops are merged before activations are
 * approximated, so that ranges are measured where the plan has them: before polynomials are merged, which are those of values
 * and not of what linear ops made of these, and after it, since they leave scales behind, as comparisons do that are scaled.
 * Comparisons are joined once it is seen which read one value. The result has the activations of the model.
 */
export function optimiseTensor(
  module: TensorModule,
  manager: PassManager,
  options: { readonly maxError: number; readonly synthetic: boolean },
): { readonly exact: TensorModule; readonly rounding: number } {
  const live = manager.run(deadNodes, module, {});
  const unrounded = manager.run(dropRounding, live, options);
  const rounding = manager.runs.at(-1)?.statistics['error'] ?? 0;
  const linear = manager.run(mergeLinear, unrounded, {});
  const powers = manager.run(mergePolynomials, linear, {});
  const joined = manager.run(joinComparisons, powers, {});
  const scaled = manager.run(scaleComparisons, joined, {});
  return { exact: scaled === linear ? linear : manager.run(mergeLinear, scaled, {}), rounding };
}

export interface ApproximatedTensor {
  /** What stands for the activations, under the ids of the exact network. */
  readonly approximated: TensorModule;
  /** With polynomials for activations: every element of the model is still there, in its order, for pruning to work on. */
  readonly whole: TensorModule;
  readonly standIns: readonly ActivationStandIn[];
}

/** What stands for an activation of the network, in its order. */
export interface ActivationStandIn {
  /** Of all its polynomials. */
  readonly coefficients: readonly Constant[];
  /** Of the whole, as one polynomial. */
  readonly degree: number;
  /** The highest of its polynomials. */
  readonly highestDegree: number;
  /** Levels that it takes. */
  readonly depth: number;
}

/**
 * Linear ops are merged once more after activations are approximated, since one that turned out to be linear on its range
 * joins its neighbours.
 */
export function approximateTensor(
  exact: TensorModule,
  manager: PassManager,
  options: z.input<typeof approximateActivations.options>,
): ApproximatedTensor | RefusedModule {
  const approximated = manager.attempt(approximateActivations, exact, options);
  if ('refused' in approximated) return approximated;
  const standIns = approximated.nodes.flatMap((node, id) =>
    (node.op === 'polynomial' || node.op === 'composite') && exact.nodes[id]?.op === 'activation'
      ? [describe(node)]
      : [],
  );
  const expanded = manager.run(expandComposites, approximated, {});
  return { approximated, whole: manager.run(mergeLinear, expanded, {}), standIns };
}

function describe(node: TensorNodeNamed<'polynomial' | 'composite'>): ActivationStandIn {
  return {
    coefficients: coefficientsOf(node),
    degree: degreeOf(node),
    highestDegree: highestDegreeOf(node),
    depth: depthOf(node),
  };
}

/**
 * The network in the order in which its elements share ciphertexts, without those that are constant or that nobody
 * reads. Dead elements go last: merging would put gathers, of which these leave some, into the weights again.
 */
export function shrinkTensor(module: TensorModule, manager: PassManager, orders: Orders | undefined): TensorModule {
  return manager.run(deadElements, orders === undefined ? module : permuteModule(module, orders), {});
}

/**
 * Masks sink into the weights that follow them. Zeros go next, for they take their rotations with them; equal rotations are then found once, equal
 * plaintexts taken out of sums, and only rotations that have one user left can move into sums.
 */
export function optimiseProgram(module: HeModule, manager: PassManager): HeModule {
  const sunk = manager.run(sinkMasks, module, {});
  const live = manager.run(deadCiphertexts, sunk, {});
  const shared = manager.run(commonSubexpressions, live, {});
  const factored = manager.run(factorPlaintexts, shared, {});
  return manager.run(foldRotations, factored, {});
}

export interface ManageOptions {
  readonly keys?: KeyOptions;
  /** Whether the engine hoists. */
  readonly hoists?: boolean;
  /** Bytes that keys may take where `keys` says nothing of them; undefined as the engine's profile has it. */
  readonly keyBudget?: number | undefined;
}

/** Why a chain does not carry a program. */
export interface UnmanagedProgram {
  /** Of the chain: there are too few levels for the rescales, or for scales that have room. */
  readonly needs: 'another-level';
  readonly refused: readonly Diagnostic[];
}

/** What `assign-levels` refuses a program for that more levels may carry. */
const levelsAreShort: readonly string[] = [chainTooShort.declaration.code, scaleDoesNotFit.declaration.code];

/**
 * Rescales are placed before relinearisations, which have to stand before them; rotations then move below what lowers
 * their operand. Levels and scales follow; then it is known which folds follow one another, and keys come last, for
 * their size depends on the chain.
 */
export function manageProgram(
  module: HeModule,
  manager: PassManager,
  chain: Chain,
  { keys = {}, hoists = false, keyBudget }: ManageOptions = {},
): HeModule | UnmanagedProgram {
  const { parameters, rangeBits, last, defer, late, floor } = chain;
  const rescaled = manager.run(rescaleLazily, module, { last, defer, late });
  const relinearized = manager.run(relinearizeLazily, rescaled, {});
  const lowered = manager.run(rotateLate, relinearized, {});
  const managed = manager.attempt(assignLevels, lowered, { parameters, rangeBits, floor });
  if ('refused' in managed) {
    if (!managed.refused.every(({ code }) => levelsAreShort.includes(code))) throw new HepcError(managed.refused);
    return { needs: 'another-level', refused: managed.refused };
  }
  const isFree = keys.maxKeys === undefined && keys.budgetBytes === undefined;
  const merged = hoists && isFree ? manager.run(mergeFolds, managed, {}) : managed;
  return manager.run(selectKeys, merged, keyBudget === undefined ? keys : { budgetBytes: keyBudget, ...keys });
}

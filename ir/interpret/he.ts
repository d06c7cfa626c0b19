/**
 * Reference semantics of the `he` and `plan` levels, on slots of doubles: what a program computes apart from noise,
 * or, with a noise model, what SEAL's result of it will look like. Levels and scales do not matter otherwise:
 * relinearize, rescale and mod-switch are the identity on values, and so is conjugate on real ones, so unmanaged programs run as well.
 * Noise has an imaginary part too, which is kept for programs that are deep enough for it to matter (`imaginary-parts.ts`).
 *
 * Memory is that of the values alive at once: a value's array is reused once its last user has run.
 */
import type { BootstrapEffect } from '../ckks/bootstrapping.ts';
import { InternalError } from '../diagnostics/diagnostic.ts';
import { galoisStep } from '../he/keys.ts';
import { lastUses } from '../he/last-uses.ts';
import { heOp, type HeModule, type HeOp } from '../he/module.ts';
import {
  dividesScale,
  isAutomorphism,
  isBootstrap,
  isInput,
  isWeight,
  raisesLevel,
  relinearizes,
  pauses,
  usesValueA,
  usesValueB,
} from '../he/traits.ts';
import { refreshedLevel } from '../he/ops.ts';
import type { PlanModule } from '../plan/plan.ts';
import { compute, type Run } from './he-ops.ts';
import { hasComplexPlaintexts, ImaginaryParts, needsImaginaryParts } from './imaginary-parts.ts';
import { galoisKey, type NoiseModel, relinKey } from './noise.ts';
import { PlaintextSlots } from './plaintext-slots.ts';

export interface EvaluateHeOptions {
  /** Plaintexts of this program and noise model, shared between runs so that they materialise once. */
  readonly plaintexts?: PlaintextSlots;
  /** For managed programs only. */
  readonly noise?: NoiseModel;
  /** Which rows have noise, and the plaintexts for the others; all have it unless given. */
  readonly noisy?: { readonly has: (id: number) => boolean; readonly quiet: PlaintextSlots };
  /** Sees every value; the arrays are only valid during the call. Imaginary parts are there where they are computed. */
  readonly observe?: (id: number, slots: Float64Array, imaginary?: Float64Array) => void;
  /** Adds to the slots of a `mod-raise` what the multiples of the first prime come to that it adds to coefficients; none unless given. */
  readonly wrap?: (op: HeOp, slots: Float64Array, imaginary: Float64Array) => void;
}

/** Adds the noise that an op of this code adds to that of its operands. */
function addNoise(
  { noise, effect }: { readonly noise: NoiseModel; readonly effect: BootstrapEffect | undefined },
  code: number,
  { imm, level, scale }: HeOp,
  slots: Float64Array,
): void {
  if (isInput(code)) noise.encryptSymmetric(slots, scale);
  else if (isWeight(code)) noise.encryptAsymmetric(slots, level, scale);
  else if (dividesScale(code)) noise.rescale(slots, scale);
  else if (pauses(code)) noise.refresh(slots, refreshedLevel, scale);
  else if (isBootstrap(code)) noise.bootstrap(slots, effect?.deviation ?? 0);
  else if (relinearizes(code)) noise.switchKey(slots, relinKey, level, scale);
  else if (isAutomorphism(code)) noise.switchKey(slots, galoisKey(galoisStep(code, imm)), level, scale);
}

/**
 * Runs `module` on slot vectors in the order of the `index` of the input ops, and returns slot vectors in the order of
 * the `index` of the output ops. The inputs are left as they are.
 * Throws `InternalError` where an input is missing or of the wrong length: programs are verified beforehand.
 */
export function evaluateHe(
  module: HeModule | PlanModule,
  inputs: readonly Float64Array[],
  options: EvaluateHeOptions = {},
): Float64Array[] {
  const { noise, noisy, observe, wrap } = options;
  const { columns, slots, bootstrapping: effect } = module;
  if (noise !== undefined && module.parameters === undefined)
    throw new InternalError('an unmanaged program has no noise');
  const own = options.plaintexts ?? new PlaintextSlots(module, noise);
  let plaintexts = own;
  const isDeep = noise !== undefined && needsImaginaryParts(columns);
  const imaginary = isDeep || hasComplexPlaintexts(module) ? new ImaginaryParts(slots) : undefined;
  const scratch = new Float64Array(noisy === undefined ? 0 : slots);
  const lastUse = lastUses(module);
  const values: (Float64Array | undefined)[] = [];
  const outputs: Float64Array[] = [];
  const free: Float64Array[] = [];
  const run: Run = {
    inputs,
    outputs,
    value: (id) => {
      const value = values[id];
      if (value === undefined) throw new InternalError(`%${id} is read before it is computed or after its last use`);
      return value;
    },
    plaintext: (id, scale) => plaintexts.at(id, scale),
    timesPlaintext: (id, scale, x, target) => {
      plaintexts.multiply(id, scale, x, target);
    },
    imaginaryPlaintext: (id) => plaintexts.imaginaryAt(id),
    angle: effect?.angle ?? 1,
  };

  for (let id = 0; id < columns.op.length; id++) {
    const code = columns.op[id] ?? -1;
    const op = heOp(module, id);
    const { a, b } = op;
    const result = free.pop() ?? new Float64Array(slots);
    const isQuiet = noisy?.has(id) === false;
    plaintexts = isQuiet ? noisy.quiet : own;
    compute[op.op](run, op, result);
    const beside = imaginary?.step(id, op, run, result);
    // Drawn for all rows, so that a row has the same noise whichever others have any.
    if (noise !== undefined) addNoise({ noise, effect }, code, op, isQuiet ? scratch : result);
    if (noise !== undefined && beside !== undefined)
      addNoise({ noise: noise.imaginary, effect }, code, op, isQuiet ? scratch : beside);
    if (beside !== undefined && raisesLevel(code)) wrap?.(op, result, beside);
    observe?.(id, result, beside);

    if ((lastUse[id] ?? -1) === -1) {
      free.push(result);
      imaginary?.release(id);
    } else values[id] = result;
    if (usesValueA(code)) release(a, id);
    if (usesValueB(code) && b !== a) release(b, id);
  }
  return outputs;

  function release(operand: number, user: number): void {
    const value = values[operand];
    if (lastUse[operand] !== user || value === undefined) return;
    free.push(value);
    values[operand] = undefined;
    imaginary?.release(operand);
  }
}

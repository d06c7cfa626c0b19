/**
 * Reference semantics of the `he` and `plan` levels, on slots of doubles: what a program computes apart from noise,
 * or, with a noise model, what SEAL's result of it will look like. Levels and scales do not matter otherwise:
 * relinearize, rescale and mod-switch are the identity on values, so unmanaged programs run as well.
 *
 * Memory is that of the values alive at once: a value's array is reused once its last user has run.
 */
import { InternalError } from '../diagnostics/diagnostic.ts';
import { lastUses } from '../he/last-uses.ts';
import { type HeModule, usesValueA, usesValueB } from '../he/module.ts';
import { HE } from '../he/ops.ts';
import type { PlanModule } from '../plan/plan.ts';
import { type NoiseModel, relinKey } from './noise.ts';
import { PlaintextSlots } from './plaintext-slots.ts';

export interface EvaluateHeOptions {
  /** Plaintexts of this program and noise model, shared between runs so that they materialise once. */
  readonly plaintexts?: PlaintextSlots;
  /** For managed programs only. */
  readonly noise?: NoiseModel;
  /** Sees every value; the array is only valid during the call. */
  readonly observe?: (id: number, slots: Float64Array) => void;
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
  const { noise, observe } = options;
  const { columns, slots } = module;
  if (noise !== undefined && module.parameters === undefined)
    throw new InternalError('an unmanaged program has no noise');
  const plaintexts = options.plaintexts ?? new PlaintextSlots(module, noise);
  const lastUse = lastUses(module);
  const values: (Float64Array | undefined)[] = [];
  const outputs: Float64Array[] = [];
  const free: Float64Array[] = [];
  const valueOf = (id: number): Float64Array => {
    const value = values[id];
    if (value === undefined) throw new InternalError(`%${id} is read before it is computed or after its last use`);
    return value;
  };

  for (let id = 0; id < columns.op.length; id++) {
    const code = columns.op[id] ?? -1;
    const a = columns.a[id] ?? -1;
    const b = columns.b[id] ?? -1;
    const imm = columns.imm[id] ?? 0;
    const level = columns.level[id] ?? 0;
    const scale = columns.scale[id] ?? 0;
    const plainScale = columns.plainScale[id] ?? 0;
    const result = free.pop() ?? new Float64Array(slots);

    switch (code) {
      case HE.input: {
        const input = inputs[imm];
        if (input?.length !== slots) throw new InternalError(`input ${imm} is no vector of ${slots} slots`);
        result.set(input);
        noise?.encryptSymmetric(result, scale);
        break;
      }
      case HE.weight:
        result.set(plaintexts.at(a, scale));
        noise?.encryptAsymmetric(result, level, scale);
        break;
      case HE.add:
        addInto(result, valueOf(a), valueOf(b));
        break;
      case HE['add-plain']:
        addInto(result, valueOf(a), plaintexts.at(b, plainScale));
        break;
      case HE.multiply:
        multiplyInto(result, valueOf(a), valueOf(b));
        break;
      case HE['multiply-plain']:
        multiplyInto(result, valueOf(a), plaintexts.at(b, plainScale));
        break;
      case HE.relinearize:
        result.set(valueOf(a));
        noise?.switchKey(result, relinKey, level, scale);
        break;
      case HE.rescale:
        result.set(valueOf(a));
        noise?.rescale(result, scale);
        break;
      case HE['mod-switch']:
        result.set(valueOf(a));
        break;
      case HE.rotate:
        rotateInto(result, valueOf(a), imm);
        noise?.switchKey(result, imm, level, scale);
        break;
      case HE.output:
        result.set(valueOf(a));
        outputs[imm] = result.slice();
        break;
      default:
        throw new InternalError(`no he op has the code ${code}`);
    }
    observe?.(id, result);

    if ((lastUse[id] ?? -1) === -1) free.push(result);
    else values[id] = result;
    if (usesValueA(code)) release(a, id);
    if (usesValueB(code) && b !== a) release(b, id);
  }
  return outputs;

  function release(operand: number, user: number): void {
    const value = values[operand];
    if (lastUse[operand] !== user || value === undefined) return;
    free.push(value);
    values[operand] = undefined;
  }
}

function addInto(target: Float64Array, a: Float64Array, b: Float64Array): void {
  for (let s = 0; s < target.length; s++) target[s] = (a[s] ?? 0) + (b[s] ?? 0);
}

function multiplyInto(target: Float64Array, a: Float64Array, b: Float64Array): void {
  for (let s = 0; s < target.length; s++) target[s] = (a[s] ?? 0) * (b[s] ?? 0);
}

function rotateInto(target: Float64Array, a: Float64Array, step: number): void {
  target.set(a.subarray(step), 0);
  target.set(a.subarray(0, step), a.length - step);
}

/** Levels, exact scales and sizes for a chain of primes. */
import { z } from 'zod';

import { chainTooShort, scaleDoesNotFit } from '../../ir/diagnostics/compile.ts';
import type { HeFields, HeModule } from '../../ir/he/module.ts';
import type { HeOpName } from '../../ir/he/ops.ts';
import { placeInProgram } from '../../ir/he/verify.ts';
import { verifyEncodings } from '../../ir/he/verify-encodings.ts';
import { parametersSchema } from '../../ir/ckks/parameters-schema.ts';
import { capacityBits, type Parameters, topLevel } from '../../ir/parameters.ts';
import { operandsOf } from '../../ir/he/operands.ts';
import {
  dividesScale,
  isBootstrap,
  isInput,
  isPlainProduct,
  isProduct,
  isSum,
  keepsScale,
  levelRead,
  nameOf,
  sizeGiven,
  usesValueA,
  usesValueB,
} from '../../ir/he/traits.ts';
import { Reports } from '../../ir/reports.ts';
import { rescaleDepth } from './scales/depth.ts';
import { HeRewriter } from '../base/he-rewriter.ts';
import { definePass } from '../base/pass.ts';
import { placeRelinearizations } from './relinearize-lazily.ts';
import { assignScales } from './scales/assign-scales.ts';
import { withOwnProducts } from './scales/own-products.ts';

/** Bits between the scale times the largest value, 1, and the modulus: the sign and 3 bits of headroom. */
export const headroomBits = 4;

export const assignLevels = definePass({
  name: 'assign-levels',
  level: 'he',
  doc:
    'Gives every value its level, exact scale and size for a chain of primes. Levels are assigned from the outputs ' +
    'backwards, as low as the users of a value allow; mod-switches bring a value down for a user that needs it lower. ' +
    'A product of two ciphertexts has the product of their scales, over the prime after its rescale; plaintexts are ' +
    'encoded at the scale that makes their product agree with what it is added to; what is free takes the largest scale ' +
    'that its users leave room for, shared out between a value and the weights it is multiplied with so that both err ' +
    'alike. Where two values that are added have different scales that nothing can change, products with plaintexts that ' +
    'they depend on are computed for each of their readers, and where that does not help one is multiplied by a constant one. Assumes that rescales are in place, and that no value exceeds 1 (times 3 bits of ' +
    'headroom).',
  options: z.strictObject({
    parameters: parametersSchema,
    /** Largest value, as a power of two: 0 for values up to 1. */
    rangeBits: z.number().min(0).default(0),
    /** Level of the outputs, at least. */
    floor: z.int().min(0).default(0),
    /** Scale of all inputs; what their users leave room for unless given. */
    inputScale: z.number().positive().optional(),
    /** Of all outputs, at most. */
    outputScale: z.number().positive().optional(),
  }),
  requires: ['unmanaged', 'relinearised', 'no-zero-products'],
  ensures: ['managed'],
  statistics: {
    depth: 'levels of the inputs',
    modSwitches: 'mod-switches inserted',
    aligned: 'products with one, inserted to bring two scales together',
  },
  run: (module, { parameters, rangeBits, floor, ...scales }, { report }) => {
    const roomBits = headroomBits + rangeBits;
    let aligned = 0;
    for (let current = module; ;) {
      const { levels, depth, path } = rescaleDepth(current, floor);
      if (depth > highestLevel(current, parameters)) {
        report(chainTooShort({ depth, primes: parameters.primes.length }, { nodes: path }));
        return { module: current, statistics: { depth, modSwitches: 0, aligned } };
      }
      levelInputs(current, levels);
      const lowered = switchDown(current, levels);
      const scaled = assignScales(lowered.module, parameters, { roomBits, ...scales });
      if (scaled.conflicts.length === 0) {
        const managed = { ...scaled.module, parameters };
        const [unfit] = unfitScales(managed, parameters, roomBits);
        if (unfit !== undefined) {
          const origin = managed.columns.origin[unfit.value] ?? 0;
          report(scaleDoesNotFit(unfit, { nodes: managed.origins[origin] ?? [] }));
        } else {
          const encodings = new Reports((id) => placeInProgram(managed, id));
          verifyEncodings(managed, parameters, encodings);
          for (const problem of encodings.diagnostics) report(problem);
        }
        return { module: managed, statistics: { depth, modSwitches: lowered.inserted, aligned } };
      }
      const sums = new Set(scaled.conflicts.flatMap((id) => sumsBehind(current, lowered.from[id] ?? -1)));
      const own = withOwnProducts(current, sums);
      if (own === undefined) {
        aligned += scaled.conflicts.length;
        current = placeRelinearizations(alignOperands(current, sums)).module;
      } else current = own;
    }
  },
});

/** The highest level that a value of the network may have: with bootstraps the one that these give. */
function highestLevel({ bootstrapping }: HeModule, parameters: Parameters): number {
  return bootstrapping?.outputLevel ?? topLevel(parameters);
}

/**
 * The sums that a conflict is to be mended at: the sum itself; or where a bootstrap cannot take the scale of its operand, those
 * that this is, for one of their summands has come to it from another bootstrap at the scale that it had there.
 */
function sumsBehind({ columns }: HeModule, id: number): number[] {
  const { op } = columns;
  if (!isBootstrap(op[id] ?? -1)) return [id];
  const sums: number[] = [];
  for (const queue = [...operandsOf(columns, id)]; queue.length > 0;) {
    const value = queue.pop() ?? -1;
    if (isSum(op[value] ?? -1)) sums.push(value);
    if (keepsScale(op[value] ?? -1)) queue.push(...operandsOf(columns, value));
  }
  return sums;
}

/** Ciphertexts of one packed input are encrypted at one level: the highest that any of them is read at. */
function levelInputs({ columns: { op, origin } }: HeModule, levels: Int32Array): void {
  const highest = new Map<number, number>();
  const inputs = Array.from(op.keys()).filter((id) => isInput(op[id] ?? -1));
  for (const id of inputs) {
    const key = origin[id] ?? 0;
    highest.set(key, Math.max(highest.get(key) ?? 0, levels[id] ?? 0));
  }
  for (const id of inputs) levels[id] = highest.get(origin[id] ?? 0) ?? 0;
}

interface Lowered {
  readonly module: HeModule;
  /** The op of the unlowered module that each op copies; −1 for mod-switches. */
  readonly from: readonly number[];
  readonly inserted: number;
}

/** Sets levels and sizes, and inserts the mod-switches between a value and users that need it lower. */
function switchDown(module: HeModule, levels: Int32Array): Lowered {
  const { op, a, b, imm } = module.columns;
  const rewriter = new HeRewriter(module);
  const from: number[] = [];
  const sizes: number[] = [];
  const ladder = new Map<number, number>();
  let inserted = 0;
  const append = (source: number, old: number, name: HeOpName, fields: HeFields): number => {
    const id = rewriter.insert(source, name, fields);
    from[id] = old;
    sizes[id] = fields.size ?? 2;
    return id;
  };
  const lowered = (old: number, level: number): number => {
    let value = rewriter.at(old);
    for (let at = (levels[old] ?? 0) - 1; at >= level; at--) {
      const key = old * 64 + at;
      let next = ladder.get(key);
      if (next === undefined) {
        next = append(old, -1, 'mod-switch', { a: value, level: at, size: sizes[value] ?? 2 });
        ladder.set(key, next);
        inserted++;
      }
      value = next;
    }
    return value;
  };
  for (let id = 0; id < op.length; id++) {
    const code = op[id] ?? 0;
    const level = levels[id] ?? 0;
    const operandLevel = levelRead(code, level, module.bootstrapping);
    const x = usesValueA(code) ? lowered(a[id] ?? -1, operandLevel) : (a[id] ?? -1);
    const y = usesValueB(code) ? lowered(b[id] ?? -1, operandLevel) : (b[id] ?? -1);
    const largest = Math.max(usesValueA(code) ? (sizes[x] ?? 2) : 2, usesValueB(code) ? (sizes[y] ?? 2) : 2);
    const size = sizeGiven(code, largest);
    rewriter.replace(id, append(id, id, nameOf(code), { a: x, b: y, imm: imm[id] ?? 0, level, size }));
  }
  return { module: rewriter.finish(), from, inserted };
}

/** A value of a smaller scale drowns in its rounding, and a plaintext may round to zero, which SEAL refuses. */
const leastScaleBits = 8;

/** Values whose scale, or that of the plaintext in them, is too small, or leaves no room for the value itself. */
function* unfitScales(
  { columns: { op, scale, plainScale, level } }: HeModule,
  { primes }: Parameters,
  roomBits: number,
): Generator<{ readonly value: number; readonly level: number; readonly bits: number }> {
  const capacity = capacityBits(primes, roomBits);
  // Primes lie just below powers of two, and products of scales just beside theirs.
  const slack = 0.1;
  for (let value = 0; value < scale.length; value++) {
    const bits = Math.log2(scale[value] ?? 1);
    const plainBits = isPlainProduct(op[value] ?? -1) ? Math.log2(plainScale[value] ?? 1) : bits;
    const most = capacity[level[value] ?? 0] ?? 0;
    // Scales that underflow are zero, or no number where one is divided by them.
    if (!(bits <= most + slack)) yield { value, level: level[value] ?? 0, bits };
    const least = Math.min(bits, plainBits);
    if (!(least >= leastScaleBits)) yield { value, level: level[value] ?? 0, bits: least };
  }
}

/**
 * Multiplies one operand of each of these sums by a constant one, which leaves its scale free: the operand that has
 * come through fewer rescales, and has levels to spare. An operand that is a product yet to be rescaled is rescaled
 * before, so that the sum stays one of products. It may be of size 3, which must not be rescaled: relinearisations have
 * to be placed anew afterwards.
 */
function alignOperands(module: HeModule, sums: ReadonlySet<number>): HeModule {
  const { op, a, b } = module.columns;
  const taken = levelsTaken(module);
  const pending = pendingValues(module);
  const rewriter = new HeRewriter(module);
  const one = rewriter.one();
  for (let id = 0; id < op.length; id++) {
    if (!sums.has(id) || !isSum(op[id] ?? -1)) {
      rewriter.keep(id);
      continue;
    }
    const x = a[id] ?? -1;
    const y = b[id] ?? -1;
    const spare = (taken[x] ?? 0) < (taken[y] ?? 0) ? x : y;
    const rescale = (value: number): number => rewriter.insert(id, 'rescale', { a: value });
    const timesOne = (value: number): number => rewriter.insert(id, 'multiply-plain', { a: value, b: one });
    const value = rewriter.at(spare);
    const aligned = pending[spare] === 1 ? timesOne(rescale(value)) : rescale(timesOne(value));
    rewriter.replace(id, rewriter.insert(id, 'add', { a: rewriter.at(spare === x ? y : x), b: aligned }));
  }
  return rewriter.finish();
}

/** For each value the rescales on the longest way to it from an input. */
function levelsTaken({ columns }: HeModule): Int32Array {
  const { op } = columns;
  const taken = new Int32Array(op.length);
  for (let id = 0; id < op.length; id++) {
    const operands = operandsOf(columns, id).map((x) => taken[x] ?? 0);
    taken[id] = Math.max(0, ...operands) + (dividesScale(op[id] ?? -1) ? 1 : 0);
  }
  return taken;
}

/** 1 for products and sums of products that are yet to be rescaled. */
function pendingValues({ columns: { op, a, b } }: HeModule): Uint8Array {
  const pending = new Uint8Array(op.length);
  for (let id = 0; id < op.length; id++) {
    const code = op[id] ?? 0;
    if (isProduct(code)) pending[id] = 1;
    else if (!dividesScale(code) && usesValueA(code)) pending[id] = pending[a[id] ?? -1] ?? 0;
    if (isSum(code) && pending[b[id] ?? -1] === 0) pending[id] = 0;
  }
  return pending;
}

/**
 * The verifier of `he` programs, managed or not. Invariants:
 *
 * - slots are a power of two, and half of the degree where there are parameters; columns are equally long (H250);
 * - op codes are known; operands have smaller ids; outputs are read by nobody; origins are in the list (H250);
 * - no two inputs have the same number (those that nobody reads may be gone), outputs are numbered 0, 1, … once each,
 *   and there is an output (H253);
 * - plaintext ids are in the pool, and pool rows name rows of f64 [tiles, period] or [tiles, period, 2], with period · inner
 *   dividing the slots (H254);
 * - rotations are by 0 < step < slots (H255);
 * - what is under the sparse secret is of `to-sparse` or `mod-raise`, is read by the op after it in `to-sparse`, `mod-raise`,
 *   `to-dense` and by nothing else (H261).
 * Unmanaged, that is without parameters, levels, scales and sizes say nothing, and products may be with zeros, which
 * `dead-ciphertexts` removes. Managed:
 * - no product is with a row of zeros (H254);
 * - levels are at most the top one and equal on operands; an op keeps, lowers, restores or raises them as the table says (H256);
 * - scales are positive and finite; what the table keeps is equal bit for bit on all operands and the result, a
 *   plaintext's included; a product or quotient holds up to 1e-9, and the program's value stands; a scale is below the
 *   modulus of its level (H257);
 * - what is encoded fits its level at its scale (`verify-encodings.ts`);
 * - operands and results have the sizes of the table (H258).
 *
 * Passes over columns only, for programs of 10^6 ops.
 */
import type { Constant } from '../constant.ts';
import type { Diagnostic, DiagnosticFactory, Place } from '../diagnostics/diagnostic.ts';
import {
  badInterface,
  badLevel,
  badPlaintext,
  badRotation,
  badScale,
  badSecret,
  badSize,
  badValueOrder,
} from '../diagnostics/verify.ts';
import { capacityBits, type Parameters, slotsOf, topLevel } from '../parameters.ts';
import { Reports } from '../reports.ts';
import { isPowerOfTwo } from '../tile/layout.ts';
import { columnNames, type HeModule } from './module.ts';
import { heOpNames } from './ops.ts';
import { rowWidth } from './plaintexts.ts';
import {
  entersSparse,
  hasStep,
  isInput,
  isOutput,
  isProduct,
  leavesSparse,
  levelRead,
  raisesLevel,
  scaleRule,
  sizeGiven,
  sizeTaken,
  usesPlaintextA,
  usesPlaintextB,
  usesValueA,
  usesValueB,
} from './traits.ts';
import { verifyEncodings } from './verify-encodings.ts';

/** A program at either level; only `plan` has a schedule, which is verified elsewhere. */
export type Program = Omit<HeModule, 'level'>;

/** What is wrong with `module`; `locate` gives the place of a value. Never throws. */
export function verifyHe(module: Program, locate?: (id: number) => Place): Diagnostic[] {
  const reports = new Reports(locate ?? ((id) => placeInProgram(module, id)));
  const isPoolSound = verifyPool(module, reports);
  const sound = verifyStructure(module, isPoolSound, reports);
  // Levels, scales and sizes are read through the operands: these must exist.
  if (sound && module.parameters !== undefined) {
    verifyManaged(module, module.parameters, reports);
    if (reports.diagnostics.length === 0) verifyEncodings(module, module.parameters, reports);
  }
  return reports.diagnostics;
}

/** The value by id, and what it comes from. */
export function placeInProgram(module: Program, id: number): Place {
  const nodes = module.origins[module.columns.origin[id] ?? -1] ?? [];
  return nodes.length === 0 ? { part: `%${id}` } : { part: `%${id}`, nodes };
}

type Verdict = 'unusable' | 'zero' | 'sound';

/** The verdict on each row of the pool. */
function verifyPool({ slots, plaintexts, packed }: Program, reports: Reports): Verdict[] {
  const { source, tile, shift, inner } = plaintexts;
  if ([tile, shift, inner].some((column) => column.length !== source.length)) {
    reports.module(badPlaintext, 'the columns of the plaintext pool are not equally long');
    return [];
  }
  const zeroRows = packed.map(() => new Map<number, boolean>());
  return Array.from(source, (k, id) => {
    const refuse = (reason: string): Verdict => {
      reports.module(badPlaintext, `plaintext ${id} ${reason}`);
      return 'unusable';
    };
    const constant = packed[k];
    const row = tile[id] ?? -1;
    const times = inner[id] ?? 0;
    if (constant === undefined) return refuse(`is of the packed constant ${k}, of ${packed.length}`);
    const [tiles = 0, period = 0, parts] = constant.shape;
    if (constant.dtype !== 'f64' || !(constant.shape.length === 2 || (constant.shape.length === 3 && parts === 2)))
      return refuse('is of a packed constant that is not f64 [tiles, period], with real or complex entries');
    if (row < 0 || row >= tiles) return refuse(`is tile ${row} of ${tiles}`);
    if (period < 1 || times < 1 || slots % (period * times) !== 0)
      return refuse(`has a period of ${period} times ${times}, which does not divide ${slots} slots`);
    const known = zeroRows[k]?.get(row);
    const zero = known ?? isZeroRow(constant, row);
    if (known === undefined) zeroRows[k]?.set(row, zero);
    return zero ? 'zero' : 'sound';
  });
}

function isZeroRow(constant: Constant, row: number): boolean {
  const width = rowWidth(constant);
  for (let i = row * width; i < (row + 1) * width; i++) if (constant.data[i] !== 0) return false;
  return true;
}

/** Everything but levels, scales and sizes; whether the references are sound. */
function verifyStructure(module: Program, pool: readonly Verdict[], reports: Reports): boolean {
  const { columns, slots, parameters } = module;
  const { op, a, b, imm, origin } = columns;
  if (columnNames.some((name) => columns[name].length !== op.length)) {
    reports.module(badValueOrder, 'the columns of the program are not equally long');
    return false;
  }
  if (!isPowerOfTwo(slots)) reports.module(badValueOrder, `${slots} slots are no power of two`);
  if (parameters !== undefined && slots !== slotsOf(parameters))
    reports.module(badValueOrder, `${slots} slots, but the parameters have ${slotsOf(parameters)}`);

  let sound = true;
  const inputs = new Numbering('input');
  const outputs = new Numbering('output');
  for (let id = 0; id < op.length && !reports.full; id++) {
    const code = op[id] ?? -1;
    const name = heOpNames[code];
    if (name === undefined) {
      reports.at(id, badValueOrder, `no op has the code ${code}`);
      sound = false;
      continue;
    }
    const checkValue = (operand: number): void => {
      if (operand < 0 || operand >= id) {
        reports.at(id, badValueOrder, `operand %${operand} of ${name} is not above it`);
        sound = false;
      } else if (sparseStage(op[operand] ?? -1) !== sparseStageTaken(code)) {
        reports.at(id, badSecret, `operand %${operand} of ${name} is of ${heOpNames[op[operand] ?? -1] ?? ''}`);
      } else if (isOutput(op[operand] ?? -1)) {
        reports.at(id, badValueOrder, `operand %${operand} of ${name} is an output`);
      }
    };
    const checkPlaintext = (plaintext: number): void => {
      const verdict = pool[plaintext];
      if (verdict === undefined)
        reports.at(id, badPlaintext, `${name} uses plaintext ${plaintext}, of ${pool.length} plaintexts`);
      else if (verdict === 'zero' && isProduct(code) && parameters !== undefined)
        reports.at(id, badPlaintext, `${name} uses plaintext ${plaintext}, which is zero in all slots`);
    };
    const operandA = a[id] ?? -1;
    const operandB = b[id] ?? -1;
    const immediate = imm[id] ?? -1;
    if (usesValueA(code)) checkValue(operandA);
    if (usesValueB(code)) checkValue(operandB);
    if (usesPlaintextA(code)) checkPlaintext(operandA);
    if (usesPlaintextB(code)) checkPlaintext(operandB);
    if (hasStep(code) && (immediate <= 0 || immediate >= slots))
      reports.at(id, badRotation, `a rotation by ${immediate}, of ${slots} slots`);
    if (isInput(code)) inputs.add(id, immediate, reports);
    if (isOutput(code)) outputs.add(id, immediate, reports);
    const from = origin[id] ?? -1;
    if (from < 0 || from >= Math.max(1, module.origins.length))
      reports.at(id, badValueOrder, `origin ${from}, of ${module.origins.length} origins`);
  }
  outputs.finish(reports);
  if (outputs.isEmpty) reports.module(badInterface, 'the program has no output');
  return sound && !reports.full;
}

/** On the way to the sparse secret and back: where a value of this code is, 0 under the secret of all others. */
function sparseStage(code: number): number {
  if (entersSparse(code)) return 1;
  return raisesLevel(code) ? 2 : 0;
}

/** Where what an op of this code takes has to be. */
function sparseStageTaken(code: number): number {
  if (raisesLevel(code)) return 1;
  return leavesSparse(code) ? 2 : 0;
}

/** Indices that should not be negative nor repeat; after `finish`, nor have gaps. */
class Numbering {
  private readonly what: string;
  private readonly seen = new Set<number>();

  constructor(what: string) {
    this.what = what;
  }

  get isEmpty(): boolean {
    return this.seen.size === 0;
  }

  add(id: number, index: number, reports: Reports): void {
    if (index < 0) reports.at(id, badInterface, `${this.what} has the number ${index}`);
    if (this.seen.has(index)) reports.at(id, badInterface, `there is another ${this.what} ${index}`);
    this.seen.add(index);
  }

  finish(reports: Reports): void {
    for (let index = 0; index < this.seen.size; index++) {
      if (this.seen.has(index)) continue;
      reports.module(badInterface, `${this.what} ${index} is missing among ${this.seen.size}`);
      return;
    }
  }
}

function verifyManaged({ columns, bootstrapping: effect }: Program, parameters: Parameters, reports: Reports): void {
  const { op, a, b, level, scale, size, plainScale } = columns;
  const top = topLevel(parameters);
  const capacities = capacityBits(parameters.primes);
  for (let id = 0; id < op.length && !reports.full; id++) {
    const code = op[id] ?? -1;
    const l = level[id] ?? 0;
    const s = scale[id] ?? 0;
    const n = size[id] ?? 0;
    const read = usesValueA(code) ? (a[id] ?? 0) : id;
    const readB = usesValueB(code) ? (b[id] ?? 0) : read;
    const complain = (factory: DiagnosticFactory<{ reason: string }>, rest: string): void => {
      reports.at(id, factory, `${heOpNames[code] ?? ''} ${rest}`);
    };

    if (l > top) complain(badLevel, `is at level ${l}, the top level is ${top}`);
    else if (!(s > 0) || !(Math.log2(s) < (capacities[l] ?? 0)))
      complain(badScale, `has the scale ${s}, level ${l} has a modulus of ${(capacities[l] ?? 0).toFixed(1)} bits`);

    const levelA = level[read] ?? 0;
    const levelB = level[readB] ?? 0;
    const isMisplaced = (entersSparse(code) && l !== 0) || (raisesLevel(code) && l !== top);
    if (levelA !== levelB) complain(badLevel, `has operands at levels ${levelA} and ${levelB}`);
    else if (isMisplaced) complain(badLevel, `is at level ${l}, of a top level of ${top}`);
    else if (usesValueA(code) && levelA !== levelRead(code, l, effect))
      complain(badLevel, `is at level ${l}, its operand at ${levelA}`);

    const scaleA = scale[read] ?? 0;
    const scaleB = scale[readB] ?? 0;
    const plain = plainScale[id] ?? 0;
    switch (scaleRule(code)) {
      case 'given':
        break;
      case 'kept':
        if (scaleA !== scaleB) complain(badScale, `has operands of scales ${scaleA} and ${scaleB}`);
        if (usesPlaintextB(code) && plain !== scaleA)
          complain(badScale, `encodes its plaintext at scale ${plain}, its operand has ${scaleA}`);
        if (s !== scaleA) complain(badScale, `has the scale ${s} instead of ${scaleA}`);
        break;
      case 'product': {
        if (usesPlaintextB(code) && !(plain > 0 && Number.isFinite(plain)))
          complain(badScale, `encodes its plaintext at scale ${plain}`);
        const product = scaleA * (usesPlaintextB(code) ? plain : scaleB);
        if (!(Math.abs(s / product - 1) <= 1e-9)) complain(badScale, `has the scale ${s}, its operands' is ${product}`);
        break;
      }
      case 'multiple': {
        const isFactor = leavesSparse(code) ? Number.isSafeInteger(plain) : Number.isFinite(plain);
        if (!(plain > 0 && isFactor)) complain(badScale, `multiplies its scale by ${plain}`);
        const multiple = scaleA * plain;
        if (!(Math.abs(s / multiple - 1) <= 1e-9)) complain(badScale, `has the scale ${s} instead of ${multiple}`);
        break;
      }
      case 'restored':
        if (effect === undefined) complain(badScale, 'is in a module that says nothing of bootstraps');
        else if (scaleA !== effect.scale || s !== effect.outputScale || l > effect.outputLevel)
          complain(badScale, `goes from the scale ${scaleA} to ${s}, and to level ${l}`);
        break;
      case 'quotient': {
        const prime = parameters.primes[levelA];
        if (prime !== undefined && !(Math.abs((s * prime) / scaleA - 1) <= 1e-9))
          complain(badScale, `has the scale ${s}, from ${scaleA} by the prime ${prime}`);
        break;
      }
    }

    const sizeA = size[read] ?? 0;
    const sizeB = size[readB] ?? 0;
    const takes = sizeTaken(code);
    if (takes !== undefined && (sizeA !== takes || sizeB !== takes))
      complain(badSize, `takes ciphertexts of size ${takes}, not ${Math.max(sizeA, sizeB)}`);
    const gives = sizeGiven(code, Math.max(sizeA, sizeB));
    if (n !== gives) complain(badSize, `is of size ${n} instead of ${gives}`);
  }
}

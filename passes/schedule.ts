/** `schedule`: from an `he` program to a `plan`. See `scheduleProgram`. */
import { type HeModule, usesValueA, usesValueB } from '../ir/he/module.ts';
import { HE } from '../ir/he/ops.ts';
import type { PlanModule } from '../ir/levels.ts';
import { FREES_A, FREES_B, type ScheduleColumns } from '../ir/plan/plan.ts';
import { operandsOf } from './analyses/depth.ts';
import { useCounts } from './analyses/he-uses.ts';
import { HeRewriter } from './he-rewriter.ts';

/**
 * Puts the ops in an order that keeps few ciphertexts alive (depth first from the outputs, so that a sum takes its
 * summands one by one), assigns buffers, marks last uses, and cuts the program into groups: a group ends at a value
 * that several ops read, at a key switch, at a sum with a key-switched summand, at an output, or where it has grown
 * large enough, so that every group is a piece of work of its own with few values to hand over.
 */
export function scheduleProgram(module: HeModule): PlanModule {
  const groupOf = groups(module);
  const ordered = reorder(module, groupOf);
  return { ...ordered.module, level: 'plan', schedule: allocate(ordered.module, ordered.group) };
}

/** Rows after which a sum ends its group: some ten products and sums cost a few times what handing over does. */
const groupRows = 16;

function groups(module: HeModule): Int32Array {
  const { op, a, b } = module.columns;
  const uses = useCounts(module);
  const isKeySwitch = (id: number): boolean => op[id] === HE.rotate || op[id] === HE.relinearize;
  /** The group of a value is named by the op that ends it. */
  const group = new Int32Array(op.length).fill(-1);
  const ends = new Uint8Array(op.length);
  const weight = new Int32Array(op.length);
  for (let id = 0; id < op.length; id++) {
    const x = a[id] ?? -1;
    const y = b[id] ?? -1;
    for (const operand of operandsOf(module.columns, id)) {
      if (ends[operand] === 0) weight[id] = (weight[id] ?? 0) + (weight[operand] ?? 0);
    }
    weight[id] = (weight[id] ?? 0) + 1;
    const joins = op[id] === HE.add && ((isKeySwitch(x) && uses[x] === 1) || (isKeySwitch(y) && uses[y] === 1));
    const large = op[id] === HE.add && (weight[id] ?? 0) >= groupRows;
    ends[id] = uses[id] !== 1 || isKeySwitch(id) || joins || large || op[id] === HE.output ? 1 : 0;
  }
  for (let id = op.length - 1; id >= 0; id--) {
    if (ends[id] === 1) group[id] = id;
    const code = op[id] ?? 0;
    const own = group[id] ?? -1;
    if (usesValueA(code) && ends[a[id] ?? -1] === 0) group[a[id] ?? -1] = own;
    if (usesValueB(code) && ends[b[id] ?? -1] === 0) group[b[id] ?? -1] = own;
  }
  return group;
}

/**
 * Depth first over groups from the outputs in order; of what a group waits for, first what needs the most ciphertexts
 * (Sethi and Ullman 1970): a long sum is finished up to here before its next summands. Within a group as the program
 * had it.
 */
function reorder(module: HeModule, groupOf: Int32Array): { module: HeModule; group: Int32Array } {
  const { op } = module.columns;
  const members = membersOf(groupOf);
  const needs = ciphertextNeeds(module, groupOf, members);
  const done = new Uint8Array(op.length);
  const rewriter = new HeRewriter(module);
  const group: number[] = [];
  let numbered = 0;
  const outputs: number[] = [];
  const inputs: number[] = [];
  for (let id = 0; id < op.length; id++) {
    if (op[id] === HE.output) outputs.push(id);
    if (op[id] === HE.input) inputs.push(id);
  }
  const stack = outputs.toReversed();
  const emit = (root: number): void => {
    if (done[root] === 1) return;
    done[root] = 1;
    for (const id of members.get(root) ?? []) group[rewriter.keep(id)] = numbered;
    numbered++;
  };
  while (stack.length > 0) {
    const root = stack.at(-1) ?? -1;
    if (done[root] === 1) {
      stack.pop();
      continue;
    }
    const waiting = neededBy(module, groupOf, members, root).filter((needed) => done[needed] === 0);
    if (waiting.length === 0) {
      stack.pop();
      emit(root);
    } else {
      waiting.sort((x, y) => (needs[y] ?? 0) - (needs[x] ?? 0));
      for (const needed of waiting.reverse()) stack.push(needed);
    }
  }
  // Inputs that nothing reads are still part of the program.
  for (const id of inputs) if (done[groupOf[id] ?? -1] === 0) emit(groupOf[id] ?? -1);
  return { module: rewriter.finish(), group: Int32Array.from(group) };
}

/** The ops of each group, by the op that ends it, in the order of the program. */
function membersOf(groupOf: Int32Array): Map<number, number[]> {
  const members = new Map<number, number[]>();
  for (const [id, root] of groupOf.entries()) {
    const list = members.get(root);
    if (list === undefined) members.set(root, [id]);
    else list.push(id);
  }
  return members;
}

/** The groups whose values a group reads, in order of first use. */
function neededBy(
  { columns }: HeModule,
  groupOf: Int32Array,
  members: ReadonlyMap<number, readonly number[]>,
  root: number,
): number[] {
  const needed = new Set<number>();
  for (const id of members.get(root) ?? []) {
    for (const operand of operandsOf(columns, id)) needed.add(groupOf[operand] ?? -1);
  }
  needed.delete(root);
  return [...needed];
}

/** For each group about how many ciphertexts are alive at once while it is computed, as if nothing were shared. */
function ciphertextNeeds(
  module: HeModule,
  groupOf: Int32Array,
  members: ReadonlyMap<number, readonly number[]>,
): Int32Array {
  const needs = new Int32Array(groupOf.length);
  for (const [root, end] of groupOf.entries()) {
    if (root !== end) continue;
    const operands = neededBy(module, groupOf, members, root).map((needed) => needs[needed] ?? 0);
    operands.sort((x, y) => y - x);
    needs[root] = operands.reduce((most, need, held) => Math.max(most, need + held), operands.length + 1);
  }
  return needs;
}

/** Linear scan: a buffer is free again after the last use of the value in it. */
function allocate({ columns }: HeModule, group: Int32Array): ScheduleColumns {
  const { op, a, b } = columns;
  const n = op.length;
  const lastUse = new Int32Array(n).fill(-1);
  for (let id = 0; id < n; id++) {
    const code = op[id] ?? 0;
    if (usesValueA(code)) lastUse[a[id] ?? -1] = id;
    if (usesValueB(code)) lastUse[b[id] ?? -1] = id;
  }
  const buffer = new Int32Array(n);
  const frees = new Uint8Array(n);
  const free: number[] = [];
  let buffers = 0;
  for (let id = 0; id < n; id++) {
    buffer[id] = free.pop() ?? buffers++;
    const code = op[id] ?? 0;
    const x = a[id] ?? -1;
    const y = b[id] ?? -1;
    if (usesValueA(code) && lastUse[x] === id) {
      frees[id] = FREES_A;
      free.push(buffer[x] ?? 0);
    }
    if (usesValueB(code) && y !== x && lastUse[y] === id) {
      frees[id] = (frees[id] ?? 0) | FREES_B;
      free.push(buffer[y] ?? 0);
    }
    if (lastUse[id] === -1 && code !== HE.output) free.push(buffer[id] ?? 0);
  }
  return { buffer, frees, group };
}

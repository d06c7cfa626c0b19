/** From a managed `he` program to a `plan`: in which order its ops run, and where their values lie. */
import type { HeModule } from '../../../ir/he/module.ts';
import { portRows } from '../../../ir/he/ports.ts';
import { FREES_A, FREES_B, type ScheduleColumns, type PlanModule } from '../../../ir/plan/plan.ts';
import { lastUses } from '../../../ir/he/last-uses.ts';
import { operandsOf } from '../../../ir/he/operands.ts';
import { roundsOf } from '../../../ir/he/rounds.ts';
import { isOutput, usesValueA, usesValueB } from '../../../ir/he/traits.ts';
import { HeRewriter } from '../../base/he-rewriter.ts';
import { divideSums } from './divide-sums.ts';
import { groupsOf } from './groups.ts';

/**
 * Cuts long sums into pieces and the program into groups, puts the ops in an order that keeps few ciphertexts alive
 * (depth first from the outputs, so that a sum takes its summands one by one; refreshes and what they wait for first), assigns buffers and marks last uses.
 */
export function scheduleProgram(module: HeModule): PlanModule {
  const divided = divideSums(module);
  const ordered = byRounds(reorder(divided.module, groupsOf(divided.module, divided.piece)));
  return { ...ordered.module, level: 'plan', schedule: allocate(ordered.module, ordered.group) };
}

/**
 * Round trip after round trip, in each round as it was: what is refreshed is computed before the program pauses. Groups of several
 * rounds are divided.
 */
function byRounds({ module, group }: Ordered): Ordered {
  const rounds = roundsOf(module.columns);
  if (rounds.every((round) => round === 0)) return { module, group };
  const order = Array.from(rounds.keys()).sort((x, y) => (rounds[x] ?? 0) - (rounds[y] ?? 0) || x - y);
  const rewriter = new HeRewriter(module);
  const numbers = new Map<string, number>();
  const numbered = order.map((id) => {
    rewriter.keep(id);
    const key = `${rounds[id] ?? 0} ${group[id] ?? 0}`;
    const number = numbers.get(key) ?? numbers.size;
    numbers.set(key, number);
    return number;
  });
  return { module: rewriter.finish(), group: Int32Array.from(numbered) };
}

interface Ordered {
  readonly module: HeModule;
  /** By row. */
  readonly group: Int32Array;
}

/**
 * Depth first over groups from the outputs in order; of what a group waits for, first what needs the most ciphertexts
 * (Sethi and Ullman 1970): a long sum is finished up to here before its next summands.
 */
function reorder(module: HeModule, groupOf: Int32Array): Ordered {
  const { op } = module.columns;
  const members = membersOf(groupOf);
  const needs = ciphertextNeeds(module, groupOf, members);
  const done = new Uint8Array(op.length);
  const rewriter = new HeRewriter(module);
  const group: number[] = [];
  let numbered = 0;
  const stack = portRows(module.columns, 'output').reverse();
  const emit = (root: number): void => {
    if (done[root] === 1) return;
    done[root] = 1;
    for (const id of depthFirst(module, groupOf, root)) group[rewriter.keep(id)] = numbered;
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
  for (const id of portRows(module.columns, 'input')) if (done[groupOf[id] ?? -1] === 0) emit(groupOf[id] ?? -1);
  return { module: rewriter.finish(), group: Int32Array.from(group) };
}

/** The ops of a group, operands just before what reads them. */
function depthFirst({ columns }: HeModule, groupOf: Int32Array, root: number): number[] {
  const order: number[] = [];
  const placed = new Set<number>();
  const stack = [root];
  for (let id = stack.at(-1); id !== undefined; id = stack.at(-1)) {
    const waiting = operandsOf(columns, id).filter((operand) => groupOf[operand] === root && !placed.has(operand));
    if (waiting.length > 0) {
      stack.push(...waiting.reverse());
      continue;
    }
    stack.pop();
    if (!placed.has(id)) order.push(id);
    placed.add(id);
  }
  return order;
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
  const lastUse = lastUses({ columns });
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
    if (lastUse[id] === -1 && !isOutput(code)) free.push(buffer[id] ?? 0);
  }
  return { buffer, frees, group };
}

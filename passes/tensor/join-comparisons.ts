/** `join-comparisons`: decides what several ensembles of trees compare of the same value side by side. */
import { z } from 'zod';

import { Constant, elementCount, indexConstant, vector } from '../../ir/constant.ts';
import { mergeOrigins, usersOf } from '../../ir/module.ts';
import type { ValueId } from '../../ir/op.ts';
import { polyModulusDegrees } from '../../ir/parameters.ts';
import { RowWriter } from '../../ir/tensor/csr.ts';
import { linearMapOf } from '../../ir/tensor/linear-map.ts';
import { TensorBuilder, type TensorModule, type TensorNode } from '../../ir/tensor/ops.ts';
import { definePass } from '../base/pass.ts';
import { type Conjunctions, conjunctionsOf } from './comparisons/conjunctions.ts';

/** Members that are joined, those with the most comparisons first. */
type Joined = readonly [Conjunctions, ...Conjunctions[]];

export const joinComparisons = definePass({
  name: 'join-comparisons',
  level: 'tensor',
  doc:
    'Joins comparisons of one value that are multiplied together by halves, as those of several tree ensembles that read the same ' +
    'features: one `sparse` selects what all of them compare, one `step` decides it, and one product tree has all paths side by side; ' +
    'those with fewer comparisons are filled up with what is always true. What was joined takes the slots of as many ciphertexts as ' +
    'hold all of it, so that two ensembles in one ciphertext cost one. Only what takes no more ciphertexts for its comparisons, and no more ' +
    'for their products, whatever the ring is, and fewer of them in some ring, is joined. Assumes that linear ops are merged, for that is ' +
    'what shows that ensembles read the same value. Gathers of the results are left to `merge-linear`.',
  options: z.strictObject({}),
  requires: [],
  ensures: [],
  statistics: { joined: 'ensembles that were joined to another' },
  run: (module) => {
    const users = usersOf<TensorNode>(module);
    const groups = Map.groupBy(
      conjunctionsOf(module, users),
      ({ compared, kind }) => `${compared.operands[0]} ${kind}`,
    );
    const sets = [...groups.values()].flatMap(joinedSets).filter((set) => set.length > 1);
    if (sets.length === 0) return { module, statistics: { joined: 0 } };
    const joined = sets.reduce((sum, set) => sum + set.length - 1, 0);
    return { module: rebuilt(module, sets), statistics: { joined } };
  },
});

/** Which of them to join: each to the first set that it makes no dearer. */
function joinedSets(all: readonly Conjunctions[]): readonly Joined[] {
  const sets: Joined[] = [];
  for (const next of all.toSorted((a, b) => b.comparisons - a.comparisons)) {
    const k = sets.findIndex((set) => isCheaper([...set, next], [set, [next]]));
    const set = sets[k];
    if (set === undefined) sets.push([next]);
    else sets[k] = [...set, next];
  }
  return sets;
}

/** Whether one product tree takes fewer ciphertexts in some ring than several do, and more in none. */
function isCheaper(joined: Joined, apart: readonly Joined[]): boolean {
  const differences = polyModulusDegrees.flatMap((degree) => {
    const own = ciphertextsOf(joined, degree / 2);
    const others = apart.map((each) => ciphertextsOf(each, degree / 2));
    const less = (key: keyof Ciphertexts): number => others.reduce((sum, each) => sum + each[key], 0) - own[key];
    return [less('compared'), less('multiplied')];
  });
  return differences.every((less) => less >= 0) && differences.some((less) => less > 0);
}

interface Ciphertexts {
  /** Of what is decided. */
  readonly compared: number;
  /** Of all products. */
  readonly multiplied: number;
}

function ciphertextsOf(joined: Joined, slots: number): Ciphertexts {
  const [{ comparisons }] = joined;
  const width = widthOf(joined);
  let multiplied = 0;
  for (let rows = comparisons / 2; rows >= 1; rows /= 2) multiplied += Math.ceil((rows * width) / slots);
  return { compared: Math.ceil((comparisons * width) / slots), multiplied };
}

function widthOf(joined: Joined): number {
  return joined.reduce((sum, { width }) => sum + width, 0);
}

/** The module with each set in the place of the first op of any of it. */
function rebuilt(module: TensorModule, sets: readonly Joined[]): TensorModule {
  const setAt = new Map(sets.map((set) => [Math.min(...set.map(({ compared }) => compared.id)), set]));
  const gone = new Set(sets.flat().flatMap(({ nodes }) => nodes));
  const builder = new TensorBuilder();
  const values: ValueId[] = [];
  for (const node of module.nodes) {
    const set = setAt.get(node.id);
    if (set !== undefined) {
      const results = emitJoined(builder, module, set, values[node.operands[0] ?? -1] ?? -1);
      for (const [k, { result }] of set.entries()) values[result.id] = results[k] ?? -1;
    }
    if (!gone.has(node.id)) values[node.id] = builder.copy(node, (id) => values[id] ?? -1);
  }
  return builder.build(module.name);
}

/** The results of all of the set, each in its shape. */
function emitJoined(builder: TensorBuilder, module: TensorModule, set: Joined, x: ValueId): readonly ValueId[] {
  const [{ comparisons, kind }] = set;
  const width = widthOf(set);
  const origins = mergeOrigins(...set.flatMap(({ nodes }) => nodes.map((id) => module.nodes[id]?.origins ?? [])));
  const pick = (from: ValueId, start: number, shape: readonly number[]): ValueId => {
    const index = Int32Array.from({ length: elementCount(shape) }, (_, i) => start + i);
    return builder.add('gather', [from], { index: indexConstant(shape, index) }, origins);
  };
  const compared = builder.add('sparse', [x], comparedBy(set, builder.typeOf(x), width), origins);
  let value = builder.add('activation', [compared], { kind, parameters: [] }, origins);
  for (let rows = comparisons / 2; rows >= 1; rows /= 2) {
    const halves = [0, rows * width].map((start) => pick(value, start, [rows, width]));
    value = builder.add('multiply', halves, {}, origins);
  }
  let start = 0;
  return set.map((own) => {
    start += own.width;
    return pick(value, start - own.width, own.result.type);
  });
}

/** What all of the set compare, [comparisons, width]; always true where one has fewer comparisons. */
function comparedBy(set: Joined, operand: readonly number[], width: number) {
  const [{ comparisons }] = set;
  const maps = set.map(({ compared }) => linearMapOf(compared, [operand]));
  const writer = new RowWriter(comparisons * width, elementCount(operand), comparisons * width);
  const bias = new Float64Array(comparisons * width).fill(1);
  let next = 0;
  for (let row = 0; row < comparisons; row++) {
    for (const [k, own] of set.entries()) {
      const map = maps[k];
      for (let e = 0; e < own.width; e++, next++) {
        if (map !== undefined && row < own.comparisons) {
          const from = row * own.width + e;
          for (let i = map.starts[from] ?? 0; i < (map.starts[from + 1] ?? 0); i++)
            writer.push(map.indices[i] ?? 0, map.values[i] ?? 0);
          bias[next] = map.bias[from] ?? 0;
        }
        writer.endRow();
      }
    }
  }
  const { starts, indices, values } = writer.finish(bias);
  return {
    starts: indexConstant([starts.length], starts),
    columns: indexConstant([indices.length], indices),
    values: new Constant([values.length], values),
    bias: vector(bias),
    shape: [comparisons, width],
  };
}

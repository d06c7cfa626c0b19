/** Which neurons `prune` takes out, and the weights that go with them. */
import type { ValueId } from '../../../ir/op.ts';
import { seededRandom } from '../../../ir/random.ts';
import { type Criterion, needsSamples, type WeightScores } from '../statistics/criteria.ts';
import type { NeuronMap } from './neurons.ts';

export interface NeuronChoice {
  readonly scope: 'local' | 'global';
  readonly sparsity: number;
  /** Whether elements of network inputs and outputs may go too. */
  readonly inputs: boolean;
  readonly outputs: boolean;
}

/** The neurons that may be pruned. */
export function prunableNeurons(
  { count, homes, touchesInput, touchesOutput }: NeuronMap,
  { inputs, outputs }: Pick<NeuronChoice, 'inputs' | 'outputs'>,
): number[] {
  // A layer whose neurons are all one has nothing to spare.
  const survivorsOfHome = survivors(homes);
  return Array.from({ length: count }, (_, neuron) => neuron).filter(
    (neuron) =>
      (inputs || touchesInput[neuron] === 0) &&
      (outputs || touchesOutput[neuron] === 0) &&
      (homes[neuron] ?? []).every((home) => (survivorsOfHome.get(home) ?? 0) > 1),
  );
}

/**
 * What a neuron is worth by that of its weights. `l1` and `l2`: the mean over the weights that feed it (the norms of its
 * row, for rows of any length); over those that read it where it is a network input. `data` and `error`: the sum over the weights
 * that read it, which is its mean square times the squared norm of what it is multiplied by; where it is a network
 * output, that over the weights that feed it as well. `random`: uniform.
 */
export function neuronScores(
  neurons: NeuronMap,
  weights: WeightScores,
  criterion: Criterion,
  seed: number,
): Float64Array {
  if (criterion === 'random') {
    const random = seededRandom(seed).fork('neurons');
    return Float64Array.from({ length: neurons.count }, () => random.uniform());
  }
  const incoming = { sum: new Float64Array(neurons.count), count: new Int32Array(neurons.count) };
  const outgoing = { sum: new Float64Array(neurons.count), count: new Int32Array(neurons.count) };
  for (const [id, { rowOf, columnOf, fed, read }] of neurons.layers) {
    for (const [i, score] of (weights.get(id) ?? []).entries()) {
      add(incoming, fed[rowOf[i] ?? -1] ?? -1, score);
      add(outgoing, read[columnOf[i] ?? -1] ?? -1, score);
    }
  }
  return Float64Array.from({ length: neurons.count }, (_, neuron) => {
    const fed = incoming.sum[neuron] ?? 0;
    const read = outgoing.sum[neuron] ?? 0;
    if (needsSamples(criterion)) return read + (neurons.touchesOutput[neuron] === 1 ? fed : 0);
    const feeds = incoming.count[neuron] ?? 0;
    return feeds > 0 ? fed / feeds : read / Math.max(1, outgoing.count[neuron] ?? 0);
  });
}

function add(into: { sum: Float64Array; count: Int32Array }, neuron: number, score: number): void {
  if (neuron < 0) return;
  into.sum[neuron] = (into.sum[neuron] ?? 0) + score;
  into.count[neuron] = (into.count[neuron] ?? 0) + 1;
}

/**
 * The share `sparsity` of the prunable neurons, of each layer (`local`) or of all, those of least worth first; the last
 * one of a layer stays. 1 for a neuron that goes.
 */
export function chooseNeurons(neurons: NeuronMap, scores: Float64Array, choice: NeuronChoice): Uint8Array {
  const groups = new Map<ValueId, number[]>();
  for (const neuron of prunableNeurons(neurons, choice)) {
    const group = choice.scope === 'local' ? (neurons.homes[neuron]?.[0] ?? -1) : 0;
    const members = groups.get(group);
    if (members === undefined) groups.set(group, [neuron]);
    else members.push(neuron);
  }
  return takeLeast(
    neurons,
    scores,
    [...groups.values()].map((group) => ({ group, count: Math.floor(choice.sparsity * group.length) })),
  );
}

/**
 * All neurons that first appear in one of the layers or inputs `home`, but for the `neurons` of most worth; those of
 * network inputs and outputs too. 1 for a neuron that goes.
 */
export function keepNeurons(
  neurons: NeuronMap,
  scores: Float64Array,
  keep: readonly { readonly home: ValueId; readonly neurons: number }[],
): Uint8Array {
  const parts = keep.map(({ home, neurons: kept }) => {
    const group = neurons.homes.flatMap(([first], neuron) => (first === home ? [neuron] : []));
    return { group, count: Math.max(0, group.length - kept) };
  });
  return takeLeast(neurons, scores, parts);
}

function takeLeast(
  { count, homes }: NeuronMap,
  scores: Float64Array,
  parts: readonly { readonly group: readonly number[]; readonly count: number }[],
): Uint8Array {
  const left = survivors(homes);
  const gone = new Uint8Array(count);
  for (const part of parts) {
    let wanted = part.count;
    for (const neuron of [...part.group].sort((a, b) => (scores[a] ?? 0) - (scores[b] ?? 0))) {
      if (wanted === 0) break;
      const own = homes[neuron] ?? [];
      if (gone[neuron] === 1 || own.some((home) => (left.get(home) ?? 0) <= 1)) continue;
      for (const home of own) left.set(home, (left.get(home) ?? 0) - 1);
      gone[neuron] = 1;
      wanted--;
    }
  }
  return gone;
}

/** Neurons that each layer and network input has. */
function survivors(homes: NeuronMap['homes']): Map<ValueId, number> {
  const counts = new Map<ValueId, number>();
  for (const home of homes.flat()) counts.set(home, (counts.get(home) ?? 0) + 1);
  return counts;
}

/** For every layer 1 for each weight that feeds or reads a neuron of `gone`. */
export function weightsOfNeurons(neurons: NeuronMap, gone: Uint8Array): Map<ValueId, Uint8Array> {
  const isGone = (neuron: number | undefined) => neuron !== undefined && gone[neuron] === 1;
  return new Map(
    [...neurons.layers].map(([id, { rowOf, columnOf, fed, read }]) => [
      id,
      Uint8Array.from(rowOf, (row, i) => Number(isGone(fed[row]) || isGone(read[columnOf[i] ?? -1]))),
    ]),
  );
}

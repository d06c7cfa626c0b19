/** `prune`: sets the weights of least worth to zero, one by one or neuron by neuron. */
import { z } from 'zod';

import { nothingToPrune } from '../../ir/diagnostics/pruning/pruning-run.ts';
import { pruningNeedsSamples } from '../../ir/diagnostics/pruning/pruning.ts';
import { weightNodes } from '../../ir/tensor/weight-layers.ts';
import type { ValueId } from '../../ir/op.ts';
import { definePass } from '../base/pass.ts';
import {
  chooseNeurons,
  keepNeurons,
  neuronScores,
  prunableNeurons,
  weightsOfNeurons,
} from './neurons/choose-neurons.ts';
import { chooseWeights } from './neurons/choose-weights.ts';
import { compensateMeans } from './regression/compensate-means.ts';
import { criteria, measureSignals, needsSamples, scoresOfSignals, type Signals } from './statistics/criteria.ts';
import { neuronsOf } from './neurons/neurons.ts';
import { removalOrder } from './neurons/redundancy.ts';
import { countZeros, zeroWeights } from './neurons/zero-weights.ts';

const options = z.strictObject({
  scope: z.enum(['local', 'global']).default('global'),
  criterion: z.enum(criteria).default('l1'),
  target: z.enum(['weight', 'neuron']).default('weight'),
  sparsity: z.number().min(0).lt(1).default(0.5),
  inputs: z.boolean().default(false),
  outputs: z.boolean().default(false),
  /** For the target neuron, in place of scope and sparsity: how many neurons of which layers and inputs are left. */
  keep: z
    .array(z.strictObject({ home: z.int().min(0), neurons: z.int().min(1) }))
    .readonly()
    .default([]),
  compensate: z.boolean().default(false),
  seed: z.int().default(0),
});

export const prune = definePass({
  name: 'prune',
  level: 'tensor',
  lossy: true,
  doc:
    'Sets the share `sparsity` of all weights, or neurons, to zero, in each layer (`scope` local) or over the whole model; ' +
    'what is zero already counts. `pruned` of the layer keeps the values. Criteria: l1, the size; l2, its square ' +
    "relative to the layer's mean square, so that no layer of small weights goes first; random, by `seed`; data, the " +
    "share of the layer's signal on the samples that is gone with the weight, which puts the weights of pixels that are " +
    'always zero first; error, how far the outputs of the network move without the weight, to second order. A neuron is a row, or a channel of a convolution, with all weights that feed or read it; sums tie ' +
    'the neurons of their terms. Its worth is the mean over the weights that feed it, for data and error that of all weights that ' +
    'read it. Elements of network `inputs` and `outputs` are neurons only where those options say so. `keep` says for single ' +
    'layers and inputs, by the number of their value, how many neurons are left, in place of a share; by data and error those go ' +
    'first whose loss the others make up for best, where one dense layer reads them. The best weight ' +
    'and the best neuron of a layer stay. Biases stay as they are, and `reconstruct` or `fine-tune` makes up for what is gone; or they take over ' +
    'the mean on the samples of what is gone, with `compensate`.',
  options,
  requires: [],
  ensures: [],
  statistics: {
    pruned: 'weights that became zero',
    neurons: 'neurons that went as a whole',
    zeros: 'weights that are zero now',
    weights: 'all weights',
  },
  run: (
    module,
    { scope, criterion, target, sparsity, inputs, outputs, keep, compensate, seed },
    { samples, report },
  ) => {
    const unchanged = { module, statistics: { pruned: 0, neurons: 0, ...countZeros(module) } };
    const nodes = weightNodes(module);
    if (nodes.length === 0) {
      report(nothingToPrune({ reason: 'there is no layer with weights' }));
      return unchanged;
    }
    const measures = [
      ...(needsSamples(criterion) ? [`the criterion is \`${criterion}\``] : []),
      ...(compensate ? ['`compensate` adds means to the biases'] : []),
    ];
    if (measures.length > 0 && samples.length === 0) {
      report(pruningNeedsSamples({ pass: 'prune', why: measures.join(', ') }));
      return unchanged;
    }
    const signals: Signals = measures.length > 0 ? measureSignals(module, samples) : new Map();
    const scores = scoresOfSignals(module, criterion, { seed, signals, samples });
    const finish = (masks: ReadonlyMap<ValueId, Uint8Array>, gone: number) => {
      const { module: zeroed, count } = zeroWeights(module, masks);
      const result = compensate ? compensateMeans(zeroed, module, signals) : zeroed;
      return { module: result, statistics: { pruned: count, neurons: gone, ...countZeros(result) } };
    };
    if (target === 'weight') return finish(chooseWeights(nodes, scores, { scope, sparsity }), 0);
    const neurons = neuronsOf(module);
    if (keep.length === 0 && prunableNeurons(neurons, { inputs, outputs }).length === 0) {
      report(nothingToPrune({ reason: 'no neuron lies between two layers, or each layer has one alone' }));
      return unchanged;
    }
    const worth = neuronScores(neurons, scores, criterion, seed);
    for (const { home } of needsSamples(criterion) ? keep : []) {
      for (const [neuron, turn] of removalOrder(module, neurons, home, samples) ?? []) worth[neuron] = turn;
    }
    const gone =
      keep.length > 0
        ? keepNeurons(neurons, worth, keep)
        : chooseNeurons(neurons, worth, { scope, sparsity, inputs, outputs });
    return finish(
      weightsOfNeurons(neurons, gone),
      gone.reduce((sum, each) => sum + each, 0),
    );
  },
});

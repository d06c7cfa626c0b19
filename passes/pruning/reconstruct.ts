/** `reconstruct`: makes up for pruned weights by least squares of those that are left. */
import { z } from 'zod';

import { pruningNeedsSamples } from '../../ir/diagnostics/pruning/pruning.ts';
import { definePass } from '../base/pass.ts';
import { reconstructLayers } from './regression/reconstruct-layers.ts';
import { unpruned } from './neurons/zero-weights.ts';

const options = z.strictObject({
  ridge: z.number().positive().optional(),
});

export const reconstruct = definePass({
  name: 'reconstruct',
  level: 'tensor',
  lossy: true,
  doc:
    'Solves for the weights that are not zero, and for the biases, layer after layer, so that each layer computes before ' +
    'its activation what it computed unpruned, in the sense of least squares over the samples, from what the pruned ' +
    'layers before it give. No labels and no gradients. The unpruned model is the reference that the caller gives; else it is ' +
    'this one with `pruned` put back, which is right once, after pruning that leaves the biases alone; weights that are zero stay zero. `ridge` is the penalty on changes of weights, as a ' +
    'fraction of the mean variance of what the layer reads, so that weights that the samples say nothing about stay as ' +
    'they are; without it, it is what does best on a fifth of the samples, layer by layer. The weights of a row stay ' +
    'where others would not be better there.',
  options,
  requires: [],
  ensures: [],
  statistics: {
    layers: 'layers that were fitted',
    rows: 'rows that got other weights',
    error: 'mean-square difference of the outputs on the samples from the unpruned model, over their mean square',
  },
  run: (module, { ridge }, { samples, report, reference = unpruned(module) }) => {
    const unchanged = { module, statistics: { layers: 0, rows: 0, error: 0 } };
    if (reference === module) return unchanged;
    if (samples.length === 0) {
      report(pruningNeedsSamples({ pass: 'reconstruct', why: 'the weights are fitted on what the layers see' }));
      return unchanged;
    }
    const { module: result, layers, rows, error } = reconstructLayers(module, reference, samples, { ridge });
    return { module: result, statistics: { layers, rows, error } };
  },
});

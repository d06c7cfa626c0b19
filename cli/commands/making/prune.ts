import { z } from 'zod';
import { maxSlots } from '../../../ir/parameters.ts';
import { engineNames } from '../../../ir/plan/plan.ts';
import { objectives } from '../../../ir/plan/search-report.ts';
import { declareCommand, option } from '../../parsing/command.ts';
import { choice, part, text, tileShape, wholeNumber } from '../../parsing/option-values.ts';
import { json, quiet } from '../options/options.ts';
import { policyHelp, pruningOptions } from '../options/pruning-options.ts';

export const prune = declareCommand({
  details: [
    'Writes an ordinary ONNX file with the neurons in their original order. The order in which they share ciphertexts ' +
      'stands in its metadata, where `hepc compile` finds it.',
    'Schemes are those of HE-PEx: P2 prunes weights, P2T whole tiles, P3 permutes as well, P4 drops almost empty tiles ' +
      'then, E restores what surviving tiles hold; P3T permutes and drops whole tiles. Scopes Lc, Gl; criteria Err (by ' +
      'the error at the outputs; the default), Dat (by what the samples show), L1, L2, Rnd and for tiles T-Min, T-Max, T-Avg, T-Err; targets Wei, Neu. See ' +
      'docs/pruning.md.',
    'Losses are measured on --held-out, or on a fifth of the samples. An autoencoder is measured by its mean-square error, a model ' +
      'with labels by its accuracy, another by its difference from the unpruned model.',
    'Tiles are those of the best unpruned plan for the goal: give the options that the plan will be compiled with.',
  ],
  options: z.strictObject({
    model: option(text, { doc: 'ONNX model', argument: true, value: 'MODEL.onnx' }),
    output: option(text, { doc: 'the pruned model', short: 'o', value: 'PRUNED.onnx' }),
    scheme: option(text, { doc: policyHelp, value: 'POLICY' }),
    ...pruningOptions,
    engine: option(choice(engineNames).default('simd'), {
      doc: 'engine that the plan is chosen for',
      value: 'ENGINE',
    }),
    optimize: option(choice(objectives).default('latency'), { doc: 'what the plan makes small', value: 'GOAL' }),
    batch: option(wholeNumber(1, maxSlots).optional(), { doc: 'samples that are wanted at once', value: 'B' }),
    weights: option(choice(['plain', 'encrypted']).default('plain'), {
      doc: 'kind of weights of the plan',
      value: 'HOW',
    }),
    maxError: option(part().default(0.01), { doc: 'largest error of the plan, such as 1%', value: 'E' }),
    tile: option(tileShape().optional(), { doc: 'hold the plan to products of this shape', value: 'RxC' }),
    picture: option(text.optional(), { doc: 'a picture of what was tried, loss against cost', value: 'FRONT.svg' }),
    json,
    quiet,
  }),
  headings: {
    Pruning: ['scheme', 'sparsity', 'maxDegradation'],
    Recovery: ['epochs', 'recoverBy', 'learningRate', 'seed'],
    'The plan that it is pruned for': ['engine', 'optimize', 'batch', 'weights', 'maxError', 'tile'],
  },
  examples: [
    'prune examples/models/mlp-784-128-128-10.onnx --data examples/models/mnist-test256.npz --scheme P4E --sparsity 0.5 --epochs 2 -o pruned.onnx',
    'prune examples/models/ae-784-64-784.onnx --data examples/models/mnist-test256.npz --scheme P2T:Gl/T-Err --sparsity 0.3 --epochs 0 -o pruned.onnx',
  ],
});

import { z } from 'zod';
import { defaultBandwidthMbit } from '../../../compiler/search/objective.ts';
import { bootstrapSetNames } from '../../../ir/ckks/bootstrapping.ts';
import { maxSlots } from '../../../ir/parameters.ts';
import { engineNames } from '../../../ir/plan/plan.ts';
import { objectives } from '../../../ir/plan/search-report.ts';
import { declareCommand, option } from '../../parsing/command.ts';
import {
  byteSize,
  choice,
  flag,
  nameList,
  positive,
  samplesHelp,
  text,
  tileShape,
  wholeNumber,
} from '../../parsing/option-values.ts';
import { accuracyOptions } from '../options/accuracy-options.ts';
import { json, quiet } from '../options/options.ts';
import { policyHelp, pruningOptions } from '../options/pruning-options.ts';

export const compile = declareCommand({
  details: [
    'Finds packing, schedule and the smallest 128-bit secure parameters whose predicted error stays within --max-error.',
    'Calibration samples are real inputs of the model, a few hundred or so, preprocessed as they will be later. They give ' +
      'the ranges of all values. Without them the plan is marked as synthetic, and activations that are no polynomials ' +
      'are refused.',
    'Errors are fractions of the median over samples of the largest absolute output.',
    'With --optimize the search for a plan makes small: latency, the time to evaluate the batch on one thread; ' +
      'end-to-end, that with encryption, upload and download; throughput, the time for each sample of a full run; ' +
      'memory, of the engine; upload, the bytes of the encrypted inputs. Times come from a cost model, which is the same ' +
      'everywhere unless --costs says otherwise. `hepc inspect --search` shows what was tried.',
  ],
  options: z.strictObject({
    model: option(text, {
      doc: 'ONNX model; external data is read from its folder',
      argument: true,
      value: 'MODEL.onnx',
    }),
    output: option(text.optional(), { doc: 'the plan (required without --sweep)', short: 'o', value: 'PLAN.hep' }),
    calibrate: option(text.optional(), {
      doc: `calibration ${samplesHelp}; with --prune the first of --data unless given`,
      value: 'X.npz',
    }),
    outputs: option(nameList().optional(), {
      doc: 'values of the graph that answers have, by name, in place of the outputs of the model',
      value: 'NAME,…',
    }),
    ...accuracyOptions,
    sweep: option(flag, { doc: 'no plan, but what plans cost by how exact they are, with the command for each' }),
    picture: option(text.optional(), { doc: 'for --sweep: error against time, as SVG', value: 'FILE.svg' }),
    batch: option(wholeNumber(1, maxSlots).optional(), {
      doc: 'samples that are wanted at once; 1, or with --optimize throughput as many as are fastest',
      value: 'B',
    }),
    weights: option(choice(['plain', 'encrypted']).default('plain'), {
      doc: 'whether the server may know the weights; encrypted ones have to be bound to a client',
      value: 'HOW',
    }),
    refresh: option(choice(['none', 'client']).default('none'), {
      doc: 'client: deep networks may pause for their client, who encrypts masked values anew (docs/guide/refreshes.md)',
      value: 'WHO',
    }),
    engine: option(choice(engineNames).default('simd'), {
      doc: 'engine that the plan is made for: its costs, memory and limits; a plan for seal-wasm runs on simd too',
      value: 'ENGINE',
    }),
    optimize: option(choice(objectives).default('latency'), { doc: 'what to make small', value: 'GOAL' }),
    bandwidth: option(positive(1e6).optional(), {
      doc: `line between client and server, for end-to-end and refreshes; ${defaultBandwidthMbit} unless told`,
      value: 'MBIT',
    }),
    maxMemory: option(byteSize().optional(), {
      doc: 'most memory of the engine with one worker, such as 512MiB; simd takes more than 3.5GiB only where this allows it',
      value: 'SIZE',
    }),
    maxUpload: option(byteSize().optional(), { doc: 'most bytes of the encrypted inputs of a run', value: 'SIZE' }),
    maxKeys: option(wholeNumber(0, maxSlots).optional(), { doc: 'most Galois keys', value: 'K' }),
    tile: option(tileShape().optional(), {
      doc: 'hold the search to products of this many outputs x inputs, such as 4x8, by rotate-and-sum',
      value: 'RxC',
    }),
    bootstrapSet: option(choice(bootstrapSetNames).optional(), {
      doc: 'chain that bootstraps of a deep network are made for, whichever is best by default: precise has 4 levels between two and 15 bits in the worst slot, deep 5 and 12, wide 18 and 14 at N = 65536',
      value: 'SET',
    }),
    costs: option(text.optional(), {
      doc: 'costs of operations on this machine, by `hepc measure-costs`',
      value: 'COSTS.json',
    }),
    prune: option(text.optional(), { doc: `prune first: ${policyHelp}`, value: 'POLICY' }),
    data: option(text.optional(), { doc: `for --prune: training ${samplesHelp}; y holds labels`, value: 'TRAIN.npz' }),
    labels: option(pruningOptions.labels, { doc: 'for --prune: labels of --data, where it has none', value: 'Y' }),
    heldOut: option(pruningOptions.heldOut, { doc: 'for --prune: samples to measure losses on', value: 'TEST.npz' }),
    sparsity: option(pruningOptions.sparsity, {
      doc: 'for --prune: share of weights, neurons or tiles that go',
      value: 'S',
    }),
    maxDegradation: option(pruningOptions.maxDegradation, { doc: 'for --prune: most that may be lost', value: 'X' }),
    epochs: option(pruningOptions.epochs, { doc: 'for --prune: passes over the samples to recover', value: 'N' }),
    recoverBy: option(pruningOptions.recoverBy, { doc: 'for --prune: what gradients make small', value: 'LOSS' }),
    learningRate: option(pruningOptions.learningRate, { doc: 'for --prune: of Adam', value: 'L' }),
    seed: option(pruningOptions.seed, { doc: 'for --prune: of everything that is random', value: 'N' }),
    dumpIr: option(text.optional(), {
      doc: 'write the IR before and after every pass there: NN-pass.before.ir and NN-pass.after.ir, large constants in an .npz beside; replaces dumps that are there',
      value: 'DIR',
    }),
    json,
    quiet,
  }),
  headings: {
    Accuracy: ['maxError', 'maxDisagreement', 'maxDegree', 'sweep', 'picture'],
    Goal: ['optimize', 'batch', 'weights', 'refresh', 'engine', 'bandwidth', 'costs', 'tile', 'bootstrapSet'],
    Limits: ['maxMemory', 'maxUpload', 'maxKeys'],
    Pruning: [
      'prune',
      'data',
      'labels',
      'heldOut',
      'sparsity',
      'maxDegradation',
      'epochs',
      'recoverBy',
      'learningRate',
      'seed',
    ],
    'Looking inside': ['dumpIr'],
  },
  examples: [
    'compile examples/models/mlp-784-128-128-10.onnx -o mlp.hep --calibrate examples/models/mnist-test256.npz',
    'compile examples/models/ae-784-64-784.onnx -o ae.hep --calibrate examples/models/mnist-test256.npz --max-error 0.001',
    'compile examples/models/mlp-784-128-128-10.onnx -o mlp.hep --calibrate examples/models/mnist-test256.npz --refresh client',
    'compile examples/models/cryptonets.onnx -o c.hep --calibrate examples/models/mnist-test256.npz --optimize upload --max-memory 1GiB',
  ],
});

import { z } from 'zod';
import { maxSlots } from '../../../ir/parameters.ts';
import { engineNames } from '../../../ir/plan/plan.ts';
import { objectives } from '../../../ir/plan/search-report.ts';
import { declareCommand, option } from '../../parsing/command.ts';
import { choice, flag, samplesHelp, text, wholeNumber } from '../../parsing/option-values.ts';
import { accuracyOptions } from '../options/accuracy-options.ts';

export const advise = declareCommand({
  details: [
    'Searches for a plan at each error that leads to polynomials of another depth, and prints what each takes and keeps: ' +
      'error, labels, levels, N, time by the cost model, keys that a client sends once, encrypted inputs, memory, and the ' +
      'command that makes it. Then what in the model costs the most, and what squares in place of its activations would ' +
      'take, which needs the model to be trained again.',
    'Every row was compiled; an error without a plan says why there is none.',
  ],
  options: z.strictObject({
    model: option(text, { doc: 'ONNX model', argument: true, value: 'MODEL.onnx' }),
    calibrate: option(text, { doc: `calibration ${samplesHelp}`, value: 'X.npz' }),
    picture: option(text.optional(), { doc: 'a picture of error against time, as SVG', value: 'FILE.svg' }),
    maxDegree: accuracyOptions.maxDegree,
    engine: option(choice(engineNames).default('simd'), { doc: 'engine that plans are made for', value: 'ENGINE' }),
    optimize: option(choice(objectives).default('latency'), { doc: 'what to make small', value: 'GOAL' }),
    batch: option(wholeNumber(1, maxSlots).optional(), { doc: 'samples that are wanted at once', value: 'B' }),
    json: option(flag, { doc: 'print JSON' }),
    quiet: option(flag, { doc: 'no progress', short: 'q' }),
  }),
  examples: ['advise examples/models/cryptonets.onnx --calibrate examples/models/mnist-test256.npz'],
});

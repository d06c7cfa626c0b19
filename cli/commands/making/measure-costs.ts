import { z } from 'zod';
import { engineNames } from '../../../ir/plan/plan.ts';
import { declareCommand, option } from '../../parsing/command.ts';
import { choice, flag, text } from '../../parsing/option-values.ts';
import { json, quiet } from '../options/options.ts';

export const measureCosts = declareCommand({
  details: [
    'Measures the operations of the engine, and the work of the client. Writes a file for `hepc compile --costs`, which then chooses layouts and parameters by it, and estimates times. ' +
      'Without that option the compiler takes the costs that it comes with, so that the same model gives the same ' +
      'plan everywhere.',
    'Takes a minute on one core, and half a gigabyte; other programs should rest meanwhile. The file belongs to ' +
      'this processor and to the version of the engine.',
  ],
  options: z.strictObject({
    output: option(text, { doc: 'the costs', short: 'o', value: 'COSTS.json' }),
    engine: option(choice(engineNames).default('simd'), { doc: 'what is measured', value: 'ENGINE' }),
    quick: option(flag, { doc: 'a rougher look, in some seconds' }),
    json,
    quiet,
  }),
  examples: ['measure-costs -o costs.json'],
});

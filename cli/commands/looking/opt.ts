import { z } from 'zod';
import { json, quiet } from '../options/options.ts';
import { declareCommand, option } from '../../parsing/command.ts';
import { samplesHelp, text } from '../../parsing/option-values.ts';

export const opt = declareCommand({
  details: [
    'Reads a module, runs the passes in the order of the options, and prints the result. Constants of more than 64 ' +
      'values are read from the .npz beside the file, and written beside the output.',
    '--options is a JSON object: the options of the pass where there is one, else those of each pass by its name.',
  ],
  options: z.strictObject({
    file: option(text, { doc: 'a module', argument: true, value: 'FILE.ir' }),
    pass: option(z.array(text), { doc: 'a pass to run; may be repeated', value: 'NAME' }),
    options: option(text.optional(), { doc: 'options of the passes', value: 'JSON' }),
    calibrate: option(text.optional(), {
      doc: `calibration ${samplesHelp}; for passes that measure, on levels tensor and tile`,
      value: 'X.npz',
    }),
    output: option(text.optional(), { doc: 'the result, instead of the standard output', short: 'o', value: 'OUT.ir' }),
    json,
    quiet,
  }),
  examples: [
    'opt --pass dead-nodes dumps/01-dead-nodes.before.ir',
    'opt --pass merge-linear --pass dead-nodes dumps/02-merge-linear.before.ir -o merged.ir',
  ],
});

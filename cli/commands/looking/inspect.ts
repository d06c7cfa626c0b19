import { z } from 'zod';
import { levels } from '../../../ir/levels.ts';
import { declareCommand, option } from '../../parsing/command.ts';
import { choice, flag, text } from '../../parsing/option-values.ts';
import { json, planArgument, quiet } from '../options/options.ts';

export const inspect = declareCommand({
  details: [
    'Says what goes in and out, the encryption parameters, which levels a run goes through over its estimated time, what ' +
      'is refreshed where, and how many operations it takes on each level and for each ONNX node.',
    'With --level prints the IR: what the model computes (tensor), how it is packed (tile), the operations on ' +
      'ciphertexts (he), and with their schedule (plan). Constants of more than 64 values stand there by their SHA-256; ' +
      'with --output, those of he and plan are written to the .npz beside it, so that `hepc opt` can read the IR. A plan ' +
      'does not hold those of tensor and tile: `hepc compile --dump-ir` writes them.',
  ],
  options: z.strictObject({
    plan: planArgument,
    level: option(choice(levels).optional(), { doc: 'print the IR of this level', value: 'LEVEL' }),
    output: option(text.optional(), {
      doc: 'for --level: write the IR there instead, with its constants beside it',
      short: 'o',
      value: 'OUT.ir',
    }),
    stats: option(flag, { doc: 'print the statistics alone' }),
    search: option(flag, { doc: 'print what the search tried, and for each layer why the winner won' }),
    html: option(text.optional(), {
      doc: 'write all of it as one page with pictures, to open in a browser',
      value: 'REPORT.html',
    }),
    trace: option(text.optional(), {
      doc: 'for --html: a run as `hepc run --trace` wrote it, measured times beside modelled ones',
      value: 'TRACE.json',
    }),
    compare: option(text.optional(), { doc: 'for --html: another plan to compare with', value: 'OTHER.hep' }),
    json,
    quiet,
  }),
  examples: [
    'inspect mlp.hep',
    'inspect mlp.hep --search',
    'inspect mlp.hep --level tile',
    'inspect mlp.hep --level he --output mlp.ir',
    'inspect mlp.hep --stats --json',
    'inspect mlp.hep --html mlp.html',
    'inspect mlp.hep --html mlp.html --trace mlp.json --compare other.hep',
  ],
});

import { z } from 'zod';
import { json, quiet } from '../options/options.ts';
import { declareCommand, option } from '../../parsing/command.ts';
import { text } from '../../parsing/option-values.ts';

export const passes = declareCommand({
  details: ['In the order in which the compiler first runs them.'],
  options: z.strictObject({
    name: option(text.optional(), { doc: 'a pass', argument: true, value: 'NAME' }),
    json,
    quiet,
  }),
  examples: ['passes', 'passes merge-linear'],
});

import { z } from 'zod';
import { declareCommand, option } from '../../parsing/command.ts';
import { text } from '../../parsing/option-values.ts';

export const passes = declareCommand({
  details: ['In the order in which the compiler first runs them.'],
  options: z.strictObject({
    name: option(text.optional(), { doc: 'a pass', argument: true, value: 'NAME' }),
  }),
  examples: ['passes', 'passes merge-linear'],
});

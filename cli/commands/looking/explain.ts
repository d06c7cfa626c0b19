import { z } from 'zod';
import { declareCommand, option } from '../../parsing/command.ts';
import { text } from '../../parsing/option-values.ts';

export const explain = declareCommand({
  details: [],
  options: z.strictObject({
    code: option(text.optional(), { doc: 'a code such as H332', argument: true, value: 'CODE' }),
  }),
  examples: ['explain H332'],
});

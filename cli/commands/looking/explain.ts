import { z } from 'zod';
import { json, quiet } from '../options/options.ts';
import { declareCommand, option } from '../../parsing/command.ts';
import { text } from '../../parsing/option-values.ts';

export const explain = declareCommand({
  details: [],
  options: z.strictObject({
    code: option(text.optional(), { doc: 'a code such as H332', argument: true, value: 'CODE' }),
    json,
    quiet,
  }),
  examples: ['explain H332'],
});

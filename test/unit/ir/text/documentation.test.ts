/** The examples of docs/ir.md are canonical texts of sound modules. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { printModule } from '../../../../ir/text/print.ts';
import { parseSound } from '../../../support/golden.ts';

const page = readFileSync(join(import.meta.dirname, '../../../../docs/ir.md'), 'utf8');
const examples = [...page.matchAll(/^```hepc\n([^]*?)^```$/gm)].map(([, text]) => text ?? '');

test('there are examples of three levels', () => {
  expect(examples.map((text) => text.split(' ')[2])).toEqual(['tensor', 'tile', 'he']);
});

test.each(examples)('%s', (text) => {
  expect(printModule(parseSound(text, 'docs/ir.md')).text).toBe(text);
});

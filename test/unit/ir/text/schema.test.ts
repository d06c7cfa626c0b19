import { expect, test } from 'vitest';
import { z } from 'zod';

import { describeSchema, elementOf, entriesOf, isEnum } from '../../../../ir/text/syntax/schema.ts';

const wrapped: readonly ((schema: z.ZodType) => z.ZodType)[] = [
  (schema) => schema,
  (schema) => schema.optional(),
  (schema) => schema.nullable(),
  (schema) => schema.readonly(),
  (schema) => z.nonoptional(schema),
  (schema) => schema.readonly().optional().readonly(),
];

test('what is around a schema makes no difference to its text', () => {
  for (const wrap of wrapped) {
    expect(describeSchema(wrap(z.array(z.int().min(1))))).toBe('[integer ≥ 1, …]');
    expect(describeSchema(wrap(z.strictObject({ a: wrap(z.boolean()) })))).toBe('{a: true | false}');
    expect(Object.keys(entriesOf(wrap(z.strictObject({ a: z.string() }))) ?? {})).toEqual(['a']);
    expect(elementOf(wrap(z.array(z.string())))).toBeInstanceOf(z.ZodString);
    expect(isEnum(wrap(z.enum(['x', 'y'])))).toBe(true);
  }
});

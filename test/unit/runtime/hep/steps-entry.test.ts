/** The client's steps in a plan's file: as they were written, and nothing that a client could not run. */
import { expect, test } from 'vitest';

import { ClientBuilder } from '../../../../ir/client/ops.ts';
import type { ClientSteps } from '../../../../ir/client/steps.ts';
import { HepcError } from '../../../../ir/diagnostics/diagnostic.ts';
import type { Plan } from '../../../../ir/plan/plan.ts';
import { readClientPart, writeClientPart } from '../../../../runtime/hep/client-part.ts';
import { readHep } from '../../../../runtime/hep/read.ts';
import { writeHep } from '../../../../runtime/hep/write.ts';
import { plan } from './plans.ts';

const original = plan();

/** Labels of the first output, with bounds that JSON has no numbers for. */
function steps(shape = original.client.outputs[0]?.shape ?? []): ClientSteps {
  const builder = new ClientBuilder();
  const name = original.client.outputs[0]?.name ?? '';
  const origins = [{ name: 'n', opType: 'LabelEncoder', output: 'l' }];
  const x = builder.add('input', [], { name, shape: [...shape], elements: 'real', hasBatchAxis: true }, []);
  const attrs = { keys: [NaN, Infinity, -Infinity, -0.5], values: ['a', 'b', 'c', 'd'], elements: 'string' as const };
  const labels = builder.add('look-up', [x], { ...attrs, otherwise: 'none' }, origins);
  builder.add('output', [labels], { name: 'label', hasBatchAxis: true }, []);
  return { post: builder.build('post') };
}

function withSteps(own: ClientSteps): Plan {
  return { ...original, client: { ...original.client, ...own } };
}

test('steps are read as they were written, and so is their client part', () => {
  const whole = withSteps(steps());
  const bytes = writeHep(whole);
  expect(readHep(bytes, 'p.hep')).toEqual(whole);
  const part = writeClientPart(whole.client);
  expect(readClientPart(part, 'c.hep')).toEqual(whole.client);
  expect(readClientPart(bytes, 'p.hep')).toEqual(whole.client);
});

test('steps that do not fit the plan are refused', () => {
  expect(() => readHep(writeHep(withSteps(steps([7, 7]))), 'p.hep')).toThrow(/H506.*is no output/);
});

/** What happens to the node number `k` of the steps. */
type Damage = Readonly<Record<string, unknown>>;

test.each<[string, number, Damage, RegExp]>([
  ['an op that there is not', 1, { op: 'eval' }, /H504.*nodes\[1\]\.op/],
  ['an operand that comes later', 1, { operands: [2] }, /H504.*comes later/],
  ['too many operands', 1, { operands: [0, 0] }, /H504.*2 operands/],
  ['attributes that are none', 1, { attrs: { keys: [1], values: [2], elements: 'real', code: 'x' } }, /H504/],
  ['values of another kind', 1, { attrs: { keys: [1], values: [2], elements: 'string' } }, /H504.*must be texts/],
  [
    'a shape beyond all bounds',
    0,
    { attrs: { name: 'x', shape: [2 ** 26], elements: 'real', hasBatchAxis: true } },
    /H504/,
  ],
  ['a name with control characters', 2, { attrs: { name: 'a\u001b', hasBatchAxis: true } }, /H504.*control characters/],
  ['an operator name that a terminal obeys', 1, { origins: [{ name: '\u001b', opType: 'x', output: '' }] }, /H504/],
])('%s', (_, k, damage, message) => {
  const { post } = steps();
  const nodes = post?.nodes.map((node, i) => (i === k ? { ...node, ...damage } : node)) ?? [];
  const damaged = { post: { level: 'client', name: 'post', nodes } } as ClientSteps;
  const bytes = writeClientPart({ ...original.client, ...damaged });
  expect(() => readClientPart(bytes, 'c.hep')).toThrow(HepcError);
  expect(() => readClientPart(bytes, 'c.hep')).toThrow(message);
});

/** The harness of golden cases finds what it is there to find. */
import { expect, test } from 'vitest';

import { deadNodes } from '../../../../passes/tensor/dead-nodes.ts';
import { definePass, type TrainingPass } from '../../../../passes/base/pass.ts';
import { formatGoldenCase, parseSound, readGoldenCase, runGoldenCase } from '../../../support/golden.ts';
import { evaluateAll, largestDifference, seededInputs } from '../../../support/seeded-inputs.ts';

const before = `hepc.ir 1 tensor "dead"
%0 = input {name: "x", shape: [2]} : [2]
%1 = add %0, %0 : [2]
%2 = multiply %0, %0 : [2]
%3 = output %2 {name: "y"} : [2]
`;
const after = `hepc.ir 1 tensor "dead"
%0 = input {name: "x", shape: [2]} : [2]
%1 = multiply %0, %0 : [2]
%2 = output %1 {name: "y"} : [2]
`;
const text = `// pass: dead-nodes
// The sum has no user.
--- before
${before}--- after
${after}--- statistics
dropped: 1
`;

test('a case that is right comes out as it is written', async () => {
  const golden = readGoldenCase(text);
  const run = await runGoldenCase(golden, [deadNodes]);
  expect(formatGoldenCase(golden.head, run.sections)).toBe(text);
});

test('a case with another result comes out differently', async () => {
  const golden = readGoldenCase(text.replace('multiply %0, %0 : [2]\n%2 = output', 'add %0, %0 : [2]\n%2 = output'));
  const run = await runGoldenCase(golden, [deadNodes]);
  expect(formatGoldenCase(golden.head, run.sections)).toBe(text);
});

test('a text that is not canonical comes out canonical', async () => {
  const golden = readGoldenCase(
    text.replace('%0 = input {name: "x", shape: [2]} : [2]', '%0 = input {shape: [2], name: "x"}'),
  );
  const run = await runGoldenCase(golden, [deadNodes]);
  expect(run.sections.get('before')).toBe(before);
});

test('values of a lossy pass are not compared, and a training pass gets the samples', async () => {
  const golden = readGoldenCase(text);
  const exact = await runGoldenCase(golden, [deadNodes]);
  const lossy = await runGoldenCase(golden, [definePass({ ...deadNodes, lossy: true })]);
  expect([exact.tolerance, lossy.tolerance]).toEqual([1e-9, undefined]);
  const { run, ...declaration } = deadNodes;
  let given = 0;
  const train: TrainingPass['train'] = (module, _, context) => {
    given = context.samples.length;
    return Promise.resolve(run(module, {}, context));
  };
  const trained = await runGoldenCase(golden, [{ ...declaration, train }]);
  expect(formatGoldenCase(golden.head, trained.sections)).toBe(text);
  expect(given).toBeGreaterThan(0);
});

test('values of other programs differ', () => {
  const module = parseSound(before, 'before');
  const inputs = seededInputs(module, 3);
  const values = evaluateAll(module, inputs);
  const same = evaluateAll(parseSound(after, 'after'), inputs);
  const other = evaluateAll(parseSound(after.replace('multiply', 'add'), 'after'), inputs);
  expect(largestDifference(values, same)).toBe(0);
  expect(largestDifference(values, other)).toBeGreaterThan(0.1);
});

test('the head says pass, options and tolerance', () => {
  const head = (line: string) =>
    readGoldenCase(`// pass: some-pass {ratio: 0.5, scope: global}\n${line}\n--- before\n`);
  expect(head('').options).toEqual({ ratio: 0.5, scope: 'global' });
  expect(head('').tolerance).toBe(1e-9);
  expect(head('// values: within 0.01').tolerance).toBe(0.01);
  expect(head('// values: differ').tolerance).toBeUndefined();
  expect(() => head('// values: roughly')).toThrow('values: within');
  expect(() => readGoldenCase('// pass: x {ratio:}\n--- before\n')).toThrow('H204');
  expect(() => readGoldenCase('// pass: x\n--- beofre\n')).toThrow('unknown');
});

test('an unknown pass, a module of another level and an unsound module fail', async () => {
  const run = (changed: string) => runGoldenCase(readGoldenCase(changed), [deadNodes]);
  await expect(run(text.replace('dead-nodes', 'dead-node'))).rejects.toThrow('no pass dead-node');
  const program = 'hepc.ir 1 he "x" {slots: 2}\n%0 = input {index: 0}\n%1 = output %0 {index: 0}\n';
  await expect(run(text.replace(before, program))).rejects.toThrow('takes modules of tensor, this is he');
  await expect(run(text.replace('%3 = output %2 {name: "y"} : [2]\n', ''))).rejects.toThrow('H253');
  await expect(run(text.replace('multiply %0', 'multiply %7'))).rejects.toThrow('%7 is not defined');
});

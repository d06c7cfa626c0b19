/** Command lines that are printed are ones that could be typed. */
import { expect, test } from 'vitest';
import { compile } from '../../../cli/commands/making/compile.ts';
import { commandLine } from '../../../cli/parsing/command-line.ts';

const command = { ...compile, name: 'compile' };

test('says what was given, in the order of the help, with changes', () => {
  const given = { model: 'm.onnx', calibrate: 'x.npz', sweep: true, maxMemory: '1GiB', outputs: 'a,b' };
  expect(commandLine(command, given, { sweep: undefined, output: 'PLAN.hep', maxError: '1.1%' })).toBe(
    'hepc compile m.onnx -o PLAN.hep --calibrate x.npz --outputs a,b --max-error 1.1% --max-memory 1GiB',
  );
  expect(commandLine(command, { ...given, sweep: false, quiet: true })).toBe(
    'hepc compile m.onnx --calibrate x.npz --outputs a,b --max-memory 1GiB -q',
  );
});

test('quotes what a shell would take for something else', () => {
  expect(commandLine(command, { model: "my model's.onnx", calibrate: '$x.npz' })).toBe(
    String.raw`hepc compile 'my model'\''s.onnx' --calibrate '$x.npz'`,
  );
});

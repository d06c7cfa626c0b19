/** Diagnostics as text: what strangers' names cannot do to a terminal, or to the lines around them. */
import { expect, test } from 'vitest';
import { type Diagnostic, formatDiagnostic, visible, visibleLines } from '../../../../ir/diagnostics/diagnostic.ts';

const plain: Diagnostic = { code: 'H999', severity: 'error', message: 'it is so', at: {}, notes: ['do this'] };

test('place, message and notes, a line each', () => {
  const at = { file: 'a.ir', line: 3, column: 4, nodes: [{ name: 'g', opType: 'Gemm', output: 'y' }] };
  expect(formatDiagnostic({ ...plain, at })).toBe('error[H999] a.ir:3:4, node "g" (Gemm): it is so\n  help: do this');
});

test('control characters of names are shown, not sent', () => {
  const name = '\u001b[2J\u0007\r\u009b1m\u202egnp\ud800';
  const shown = '\\u001b[2J\\u0007\\u000d\\u009b1m\\u202egnp\\ud800';
  expect(visible(name)).toBe(shown);
  const nodes = [{ name, opType: name, output: 'y' }];
  expect(
    formatDiagnostic({ ...plain, message: `the name ${name}`, at: { file: name, part: name, nodes }, notes: [name] }),
  ).toBe(`error[H999] ${shown}, ${shown}, node "${shown}" (${shown}): the name ${shown}\n  help: ${shown}`);
});

test('a name of several lines cannot pass for a diagnostic of its own', () => {
  const name = 'x\nerror[H000] y: forged';
  const text = formatDiagnostic({ ...plain, message: `the name ${name}`, at: { file: name }, notes: [name] });
  expect(text.split('\n').filter((line) => line.startsWith('error'))).toHaveLength(1);
  expect(text).toContain('x\\u000aerror[H000] y: forged: the name x\n    error[H000]');
});

test('what is printed keeps its line ends, and as JSON its values', () => {
  const value = { name: '\u007f\u009b2J\u202e\u2028', list: [1, 2] };
  const text = JSON.stringify(value, null, 2);
  const shown = visibleLines(text);
  expect(visible(shown.replaceAll('\n', ''))).toBe(shown.replaceAll('\n', ''));
  expect(shown.split('\n')).toHaveLength(text.split('\n').length);
  expect(JSON.parse(shown)).toEqual(value);
});

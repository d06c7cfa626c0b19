import { describe, expect, test } from 'vitest';
import { failureOf, inFile, Interrupted, UsageError } from '../../../cli/shell/failure.ts';
import { badUsage, plainWeights } from '../../../ir/diagnostics/cli.ts';
import { HepcError, InternalError } from '../../../ir/diagnostics/diagnostic.ts';

describe('how errors end the program', () => {
  test("the user's mistakes: every diagnostic, exit code 1", () => {
    const { exitCode, text } = failureOf(new HepcError([plainWeights({}), plainWeights({}, { file: 'p.hep' })]), true);
    expect(exitCode).toBe(1);
    expect(text.match(/^error\[H732\]/gm)).toHaveLength(2);
    expect(text).not.toContain('failure.test.ts');
  });

  test('a bad command line: exit code 2', () => {
    expect(failureOf(new UsageError([badUsage({ reason: 'r', help: 'hepc help' })]), false)).toEqual({
      exitCode: 2,
      text: 'error[H701]: r\n  help: See `hepc help`.\n',
    });
  });

  test.each<unknown>([new InternalError('a bug\nwith details'), new TypeError('a bug'), 'a bug'])(
    'ours: a short message, exit code 70 (%s)',
    (error) => {
      const { exitCode, text } = failureOf(error, false);
      expect(exitCode).toBe(70);
      expect(text).toMatch(/^hepc: internal error: a bug\n {2}This is a bug of hepc.*report.*\n.*HEPC_DEBUG=1.*\n$/);
    },
  );

  test('ours, when debugging: the stack', () => {
    expect(failureOf(new InternalError('a bug'), true).text).toContain('failure.test.ts');
  });

  test('Ctrl-C: nothing to say', () => {
    expect(failureOf(new Interrupted(130), false)).toEqual({ exitCode: 130, text: '' });
  });
});

test('inFile says where what has no place of its own is', () => {
  const placed = plainWeights({}, { file: 'known' });
  const fail = () => {
    throw new HepcError([plainWeights({}), placed]);
  };
  expect(() => inFile('p.hep', fail)).toThrow(
    expect.objectContaining({ diagnostics: [{ ...placed, at: { file: 'p.hep' } }, placed] }),
  );
  expect(() =>
    inFile('p.hep', () => {
      throw new TypeError('ours');
    }),
  ).toThrow(TypeError);
});

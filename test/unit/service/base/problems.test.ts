import { expect, test } from 'vitest';
import { HepcError, InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import { diagnosticRegistry } from '../../../../ir/diagnostics/registry.ts';
import { damagedFile } from '../../../../ir/diagnostics/runtime.ts';
import { unknownModel } from '../../../../ir/diagnostics/service/http.ts';
import { serverGone } from '../../../../ir/diagnostics/service/stores.ts';
import { problemSchema } from '../../../../runtime/protocol/problem.ts';
import { isAnswer, problemOf, statusOf } from '../../../../service/base/problems.ts';

test('a diagnostic is a problem with its code, status and remedy', () => {
  const problem = problemOf(new HepcError([unknownModel({ id: 'mpl', suggestion: 'mlp' })]));
  expect(problem).toEqual({
    type: 'urn:hepc:H840',
    title: 'no such model',
    status: 404,
    detail: 'there is no model "mpl"',
    code: 'H840',
    notes: ['Did you mean mlp?', 'GET /v1/models lists all.'],
  });
  expect(problemSchema.parse(problem)).toEqual(problem);
});

test('no file of the service is named', () => {
  const diagnostic = damagedFile({ reason: 'it is cut short' }, { file: '/var/lib/hepc/keys/abc', part: 'run 3' });
  expect(problemOf(new HepcError([diagnostic])).detail).toBe('run 3: the file is damaged: it is cut short');
});

test('what is no diagnostic is not told', () => {
  for (const error of [new InternalError('secret'), new Error('secret'), 'secret', undefined, new HepcError([])]) {
    const problem = problemOf(error);
    expect(problem).toMatchObject({ status: 500, code: 'H863' });
    expect(JSON.stringify(problem)).not.toContain('secret');
  }
});

test('of what is wrong with the service itself only the kind is told', () => {
  const problem = problemOf(new HepcError([serverGone({ servers: 'nats://user:secret@10.0.0.1', what: 'a secret' })]));
  expect(problem).toMatchObject({ status: 503, code: 'H811', notes: ['Try again later.'] });
  expect(JSON.stringify(problem)).not.toMatch(/secret|10\.0/);
});

test('every diagnostic has a status of an error', () => {
  for (const code of diagnosticRegistry.keys()) expect(statusOf(code)).toBeGreaterThanOrEqual(400);
  expect(['H605', 'H501', 'H640', 'H632', 'H850', 'H820'].map(statusOf)).toEqual([422, 500, 503, 503, 401, 429]);
});

test('what only a start, a client or a command is refused with is no answer, and nobody else is blamed for it', () => {
  for (const code of ['H800', 'H803', 'H867', 'H871', 'H642', 'H633', 'H501'])
    expect([code, isAnswer(code), statusOf(code)]).toEqual([code, false, 500]);
  for (const code of ['H601', 'H613', 'H805', 'H821', 'H847']) expect([code, isAnswer(code)]).toEqual([code, true]);
});

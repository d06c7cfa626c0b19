/** Models as people have them (`test/models/cases/`): each compiles to a plan that gives onnxruntime's answers, or is refused by name. Variants of one fault run at night. */
import { describe, expect, test } from 'vitest';
import { formatDiagnostic, HepcError } from '../../ir/diagnostics/diagnostic.ts';
import { type Answer, compile, type CompiledModel, modelInputs, modelOutputs, type Sample } from '../../index.ts';
import { afterDecryption, beforeEncryption } from '../../ir/interpret/client.ts';
import { caseAnswers, caseModel, caseSamples, modelCases } from '../support/model-cases.ts';
import { relativeError, runInTheClear } from '../support/run-plans.ts';
import { isNightly } from '../support/setup/suite.ts';

const maxError = 0.01;

/** Cases that hepc has to refuse, with what the message names. */
const refused: Readonly<Record<string, { readonly code: string; readonly names: string }>> = {
  'e07-two-dynamic': { code: 'H110', names: 'sequence_length' },
  'e19-gemm-bad-C': { code: 'H106', names: 'Gemm' },
  'e29-split18-nothing': { code: 'H106', names: 'Split' },
};

/** What else is wrong with the plan of a case, where its answers are not all that matters. */
const further: Readonly<Record<string, (model: CompiledModel) => string | undefined>> = {
  'constant-on-calibration': ({ warnings }) =>
    warnings.some(({ message }) => message.includes('constant') && message.includes('"y"'))
      ? undefined
      : 'no warning says that its output is constant on the samples',
  'poly-a-pow2-plus-bx-4-levels': ({ statistics }) => moreThanFour(statistics.levels),
  'poly-a-x-x-plus-x-7-levels': ({ statistics }) => moreThanFour(statistics.levels),
};

/** However `0.1 x^2 + 0.3 x` is spelt between the linear layers. */
function moreThanFour(levels: number): string | undefined {
  return levels <= 4 ? undefined : `it has ${levels} levels`;
}

const compiled = new Map<string, CompiledModel>();

function compileCase(name: string): CompiledModel {
  const known = compiled.get(name);
  if (known !== undefined) return known;
  const made = compile(caseModel(name), { maxError, calibration: (inputs) => caseSamples(name, inputs) });
  compiled.set(name, made);
  return made;
}

/** Outputs that are texts or maps left out. */
function numbersOf(answer: Answer): Sample {
  return new Map([...answer].flatMap(([name, value]) => (value instanceof Float64Array ? [[name, value]] : [])));
}

/** What is wrong with a case; undefined where it is right. */
function fault(name: string): string | undefined {
  const refusal = refused[name];
  try {
    const model = compileCase(name);
    if (refusal !== undefined) return 'it compiles';
    const { plan } = model;
    const { client } = plan;
    const [firstOutput] = modelOutputs(client, client.outputs);
    const expected = caseAnswers(name, firstOutput?.name ?? '');
    const samples = caseSamples(name, modelInputs(client, client.inputs)).slice(0, expected.length);
    const decrypted = runInTheClear(
      plan,
      samples.map((sample, k) => beforeEncryption(client, sample, k)),
    );
    const got = decrypted.map((values, k) => numbersOf(afterDecryption(client, values, k)));
    const error = relativeError(got, expected);
    return error <= maxError ? further[name]?.(model) : `it errs by ${error}`;
  } catch (error) {
    if (!(error instanceof HepcError)) throw error;
    const [first] = error.diagnostics;
    const text = error.diagnostics.map((diagnostic) => formatDiagnostic(diagnostic)).join('\n');
    return refusal !== undefined && first?.code === refusal.code && text.includes(refusal.names) ? undefined : text;
  }
}

/** Other versions of a case beside them. */
const variants = /^e33-.*-op(?:10|11|22)$|^e36-.*-op18$|^e37-.*(?:lower|op11)|-nozip$|^poly-a-pow2|^relu-h332/;

describe.each(modelCases.filter((name) => isNightly || !variants.test(name)))('%s', (name) => {
  test(name in refused ? 'is refused' : 'gives the answers of onnxruntime', () => {
    expect(fault(name)).toBeUndefined();
  });
});

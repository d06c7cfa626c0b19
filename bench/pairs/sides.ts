/** One round of measurements of two checkouts, through their command lines. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from '../run-program.ts';

export interface Side {
  readonly root: string;
  /** For its plans, keys and ciphertexts, whose formats may differ. */
  readonly folder: string;
}

const samples = 'examples/models/mnist-test256.npz';
const compiled = ['ae-784-64-784', 'mlp-784-128-128-10', 'cryptonets', 'ae-784-128-32-128-784'] as const;
const evaluated = ['mlp-784-128-128-10', 'cryptonets', 'ae-784-128-32-128-784'] as const;
/** Enough runs that a median of rounds is steady, few enough to begin with loaded keys and end soon. */
const evaluatedSamples = 24;

type Times = readonly [before: number, after: number];

/** Calls `report` with milliseconds of both sides for each measurement. Throws where a command fails. */
export function measureRound(
  sides: readonly [Side, Side],
  order: readonly [0 | 1, 0 | 1],
  report: (what: string, times: Times) => void,
): void {
  const both = (what: string, measure: (side: Side) => number): void => {
    const times: [number, number] = [NaN, NaN];
    for (const i of order) times[i] = measure(sides[i]);
    report(what, times);
  };
  for (const { folder } of sides) mkdirSync(folder, { recursive: true });
  both('start: hepc --version', (side) => run(side, 'cli/main.ts', ['--version']).milliseconds);
  both('start: hepc help compile', (side) => run(side, 'cli/main.ts', ['help', 'compile']).milliseconds);
  for (const model of compiled) both(`compile ${model}`, (side) => compile(side, model).milliseconds);
  both('a program of 10^6 operations', (side) => run(side, 'test/support/compile-million-ops.ts', []).milliseconds);
  for (const model of evaluated) {
    const times = order.map((i) => [i, evaluate(sides[i], model)] as const);
    const of = (i: 0 | 1) => times.find(([side]) => side === i)?.[1] ?? { prepared: NaN, evaluated: NaN };
    report(`get ready for ${model}`, [of(0).prepared, of(1).prepared]);
    report(`evaluate ${evaluatedSamples} samples of ${model}`, [of(0).evaluated, of(1).evaluated]);
  }
}

interface Run {
  readonly output: string;
  readonly milliseconds: number;
}

function run({ root }: Side, program: string, args: readonly string[]): Run {
  const start = performance.now();
  const output = runProgram([join(root, program), ...args], root);
  return { output, milliseconds: performance.now() - start };
}

function compile(side: Side, model: string): Run {
  const plan = join(side.folder, `${model}.hep`);
  const onnx = `examples/models/${model}.onnx`;
  return run(side, 'cli/main.ts', ['compile', onnx, '-o', plan, '--calibrate', samples]);
}

/** Milliseconds that the server says it took on one thread. */
function evaluate(side: Side, model: string): { prepared: number; evaluated: number } {
  const hepc = (...args: string[]): Run => run(side, 'cli/main.ts', args);
  const at = (suffix: string): string => join(side.folder, `${model}${suffix}`);
  const [plan, keys, inputs, outputs] = [at('.hep'), at('.keys'), at('.in.ct'), at('.out.ct')] as const;
  if (!existsSync(keys)) {
    hepc('keygen', plan, '-o', keys);
    hepc('encrypt', plan, '--keys', keys, '--input', samples, '--limit', String(evaluatedSamples), '-o', inputs);
  }
  const { output } = hepc(
    ...['eval', plan, '--keys', join(keys, 'eval.keys'), '--input', inputs, '--threads', '1'],
    ...['-o', outputs],
  );
  const found = /prepared in (\S+ \w+), evaluated in (\S+ \w+)/.exec(output);
  const [, prepared, evaluated] = found ?? [];
  if (prepared === undefined || evaluated === undefined) throw new Error(`no times in: ${output}`);
  return { prepared: milliseconds(prepared), evaluated: milliseconds(evaluated) };
}

/** Of a time as the command line prints it. */
function milliseconds(text: string): number {
  const [value = '', unit] = text.split(' ');
  return Number(value) * (unit === 's' ? 1000 : 1);
}

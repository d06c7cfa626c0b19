/** What `hepc inspect` says of a plan, for people and for machines. */
import { modelInputs, modelOutputs } from '../../ir/client/steps.ts';
import { type Plan, sentCiphertexts } from '../../ir/plan/plan.ts';
import type { HeOpName } from '../../ir/he/ops.ts';
import { raisesLevel } from '../../ir/he/traits.ts';
import { clientProfile, clientTimes } from '../../costs/client-costs.ts';
import { refreshBytes } from '../../costs/program-cost.ts';
import { evaluationMilliseconds } from '../../costs/plan-statistics.ts';
import { profileOf } from '../../costs/profiles.ts';
import { modulusBits, type Parameters } from '../../ir/parameters.ts';
import { describeClientSteps } from './client-steps.ts';
import { countByLevel, countByNode, occurringOps, type OpCounts } from './operations.ts';
import { renderLevels, describeLevels } from './level-chart.ts';
import { levelTimelineOf } from './level-timeline.ts';
import { renderFields, renderTable, shortLabel } from './table.ts';
import { wrap } from './wrap.ts';
import { describeDecisions, describeLabels } from './accuracy.ts';
import { formatError, formatLimit } from '../../ir/maths/error-unit.ts';
import { formatBytes, formatMilliseconds, formatShape, plural } from './units.ts';

export function summarisePlan(plan: Plan): string {
  const { client, engine, statistics, weights, bound } = plan;
  const { parameters, batch } = client;
  const bits = statistics.modulusBits;
  const ports = (list: Plan['client']['inputs'] | Plan['client']['outputs']): string[] =>
    list.map(
      (encoding) =>
        `${encoding.name} ${formatShape(encoding.shape)} as ${encoding.layout.toString()}, ${plural(sentCiphertexts(encoding), 'ciphertext')}`,
    );
  const steps = describeClientSteps(client);
  const numbered = (name: string, lines: readonly string[]): [string, string][] =>
    lines.map((line, i) => [i === 0 ? name : '', line]);
  return [
    `Plan ${JSON.stringify(client.name)}\n\n`,
    renderFields([
      ...numbered('before', steps.before),
      ...numbered('inputs', ports(client.inputs)),
      ...numbered('outputs', ports(client.outputs)),
      ...numbered('after', steps.after),
      ['batch', `${plural(batch, 'sample')} a run`],
      ['evaluation', describeTime(plan)],
      ['client', describeClient(plan)],
      ...describeRefreshes(plan),
      [
        'weights',
        weights === 'plain' ? 'plain' : `encrypted, ${bound === undefined ? 'not bound yet' : 'bound to one key'}`,
      ],
      [
        'parameters',
        `N = ${parameters.polyModulusDegree}, ${modulusBits(parameters)} bits of modulus (${bits.join(' + ')}, ${lastForKeys(parameters)} for key switching)`,
      ],
      [
        'keys',
        `${plural(statistics.galoisKeys, 'Galois key')}, ${formatBytes(statistics.galoisKeyBytes)} with both halves`,
      ],
      ['engine', describeEngine(plan)],
      ['peak memory', `${formatBytes(statistics.peakBytes)}${memoryOf(engine)}`],
      [
        'error',
        `${formatError(client.predictedMaxError)} predicted, ${formatLimit(client.maxError)} allowed (of the median over samples of the largest output)`,
      ],
      ...(client.synthetic || plan.search?.accuracy === undefined ? [] : describeLabels(plan.search.accuracy)),
      ...(client.synthetic || plan.accuracy === undefined ? [] : describeDecisions(plan.accuracy)),
    ]),
    `\n${layoutLegend(client)}\n`,
    client.synthetic
      ? '\n  Compiled WITHOUT calibration samples: ranges and the predicted error come from uniform\n  samples in [0, 1]. Compile with --calibrate before relying on it.\n'
      : '',
    renderLevels(levelTimelineOf(plan)),
    '\nOperations of one run, by level (rescales that are left)\n\n',
    operationTable(
      'level',
      countByLevel(plan.program).map(({ level, counts }) => ({ label: String(level), counts })),
    ),
    '\nOperations of one run, by ONNX node\n\n',
    operationTable(
      'node',
      countByNode(plan.program).map(({ nodes, counts }) => ({
        label: nodes.map(({ name, output, opType }) => `${name || output} (${opType})`).join(' + ') || '(of no node)',
        counts,
      })),
    ),
  ].join('');
}

/** What the marks mean that stand in the layouts of inputs and outputs. */
function layoutLegend({ inputs, outputs }: Plan['client']): string {
  const layouts = [...inputs, ...outputs].map(({ layout }) => layout.toString()).join(' ');
  const marks = [
    ...(layouts.includes('*') ? ['*/4 four copies'] : []),
    ...(layouts.includes('~') ? ['~ elements that are dealt to the tiles in turn'] : []),
    ...(layouts.includes('?') ? ['? slots beside the elements that may hold anything'] : []),
    ...(layouts.includes('batch') ? ['batch the samples that share a ciphertext'] : []),
  ];
  const text = [
    'A layout has for each axis elements/slots: 784/1024 are 784 elements in tiles of 1024 slots',
    ...marks,
  ];
  return wrap(`${text.join(', ')} (docs/guide/plans.md).`, 2);
}

/** The time of a run, by the profile of the engine that the plan is for unless costs were measured. */
export function describeTime(plan: Plan, milliseconds: number = evaluationMilliseconds(plan)): string {
  const { batch } = plan.client;
  const whole = `${formatMilliseconds(milliseconds)} on one thread by the cost model`;
  return batch === 1 ? whole : `${whole}, ${formatMilliseconds(milliseconds / batch)} per sample`;
}

/** What the client does, which runs SEAL. */
function describeClient({ program }: Plan): string {
  const { keys, encryption, decryption } = clientTimes(program, clientProfile);
  const [once, encrypts, decrypts] = [keys, encryption, decryption].map(formatMilliseconds);
  return `${encrypts} of encryption and ${decrypts} of decryption a run, ${once} for keys once`;
}

/** How values are brought back to higher levels, where any are: by the client, or by the server alone. */
export function describeRefreshes({ client: { refreshes = [] }, program }: Plan): [name: string, value: string][] {
  const bootstraps = countBootstraps(program);
  if (bootstraps > 0) return [['bootstraps', `${bootstraps} a run, by the server alone`]];
  if (refreshes.length === 0) return [];
  const count = plural(refreshes.flat().length, 'ciphertext');
  return [
    [
      'refreshes',
      `${plural(refreshes.length, 'round trip')} to the client a run, ${count}, ${formatBytes(refreshBytes(program))}`,
    ],
  ];
}

/** Ciphertexts that a run bootstraps. */
export function countBootstraps({ columns: { op } }: Plan['program']): number {
  return op.reduce((count, code) => count + Number(raisesLevel(code)), 0);
}

/** Whose memory the peak is of. */
export function memoryOf(engine: Plan['engine']): string {
  return profileOf(engine).memory.shared ? ' for all workers together' : ' for each worker';
}

function operationTable(title: string, rows: readonly { readonly label: string; readonly counts: OpCounts }[]): string {
  const ops = occurringOps(rows);
  const columns = [{ title }, ...ops.map((op) => ({ title: shortNames[op] ?? op, align: 'right' as const }))];
  const total = ops.map((op) => String(rows.reduce((sum, { counts }) => sum + (counts[op] ?? 0), 0)));
  return renderTable(columns, [
    ...rows.map(({ label, counts }) => [shortLabel(label), ...ops.map((op) => String(counts[op] ?? ''))]),
    ['all', ...total],
  ]);
}

/** Where the name of an op is too long for the head of a column. */
const shortNames: Readonly<Partial<Record<HeOpName, string>>> = {
  input: 'in',
  multiply: 'mul',
  'multiply-plain': 'mul-plain',
  relinearize: 'relin',
  'mod-switch': 'switch',
  output: 'out',
};

/** The same as data. */
export function describePlan(plan: Plan): Record<string, unknown> {
  const { client, engine, weights, bound, statistics, program } = plan;
  const port = (encoding: Plan['client']['inputs' | 'outputs'][number]) => ({
    name: encoding.name,
    shape: encoding.shape,
    hasBatchAxis: encoding.hasBatchAxis,
    ...(encoding.batchAxis !== undefined && { batchAxis: encoding.batchAxis }),
    layout: encoding.layout.toString(),
    ciphertexts: sentCiphertexts(encoding),
  });
  return {
    name: client.name,
    batch: client.batch,
    modelInputs: modelInputs(client, client.inputs),
    modelOutputs: modelOutputs(client, client.outputs),
    clientSteps: describeClientSteps(client),
    inputs: client.inputs.map((input) => ({
      ...port(input),
      maxAbs: input.maxAbs,
      ...(input.groups && { groups: input.groups.groups }),
    })),
    outputs: client.outputs.map(port),
    engine,
    weights,
    bound: bound !== undefined,
    parameters: client.parameters,
    rotationSteps: client.rotationSteps,
    ...(countBootstraps(program) > 0 && { bootstraps: countBootstraps(program) }),
    ...(client.refreshes && { refreshes: client.refreshes, refreshBytes: refreshBytes(program) }),
    maxError: client.maxError,
    predictedMaxError: client.predictedMaxError,
    synthetic: client.synthetic,
    statistics,
    client: clientTimes(program, clientProfile),
    secondsPerSample: evaluationMilliseconds(plan) / client.batch / 1000,
    levelsOverTime: describeLevels(levelTimelineOf(plan)),
    operationsByLevel: countByLevel(program),
    operationsByNode: countByNode(program),
  };
}

/** Which of the bits of all primes are special ones. */
export function lastForKeys({ specialPrimes: { length } }: Parameters): string {
  return length === 1 ? 'the last' : `the last ${length}`;
}

/** The engine that a plan was made for, and whether others take it. */
export function describeEngine({ engine, client }: Plan): string {
  const isCommon = client.parameters.specialPrimes.length === 1;
  return `made for ${engine}; ${isCommon ? 'another runs it where it has the memory' : 'no other runs it'}`;
}

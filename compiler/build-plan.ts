/** Puts a scheduled program together with what client and server need beside it. */
import { InternalError } from '../ir/diagnostics/diagnostic.ts';
import { evaluationKeyNeeds } from '../costs/key-levels.ts';
import { planStatistics } from '../costs/plan-statistics.ts';
import { rowsByIndex } from '../ir/he/ports.ts';
import { TensorInterpreter } from '../ir/interpret/tensor.ts';
import { nodeAt } from '../ir/module.ts';
import { encodingLimit, type Parameters } from '../ir/parameters.ts';
import { type Calibration, calibrationOf, leastCalibration, type Range } from '../ir/plan/calibration.ts';
import type { InputBounds } from '../ir/plan/element-bounds.ts';
import type { ClientPart, InputEncoding, OutputEncoding, Plan, PlanModule } from '../ir/plan/plan.ts';
import type { SearchReport } from '../ir/plan/search-report.ts';
import { refreshRounds } from '../ir/plan/stages.ts';
import { sentOutputs } from '../ir/tile/sent-outputs.ts';
import type { Port, Sample } from '../ir/interface.ts';
import type { PackedNetwork } from './search/pack-network.ts';
import type { ImportedGraph } from './simplify.ts';

export interface PlanParts {
  readonly graph: ImportedGraph;
  readonly packed: PackedNetwork;
  readonly program: PlanModule;
  readonly samples: readonly Sample[];
  /** The outputs of the model on those on which it has been run. */
  readonly answers: ReadonlyMap<Sample, Sample>;
  /** For each input the values that its elements may have. */
  readonly bounds: ReadonlyMap<string, InputBounds>;
}

export interface PlanFacts {
  readonly engine: Plan['engine'];
  readonly batch: number;
  readonly weights: Plan['weights'];
  readonly maxError: number;
  readonly predictedMaxError: number;
  readonly synthetic: boolean;
  readonly search: SearchReport;
}

export function buildPlan(parts: PlanParts, facts: PlanFacts): Plan {
  const { parameters } = parts.program;
  if (parameters === undefined) throw new InternalError('a plan needs parameters');
  const { inputs, program } = encodeInputs(parts, parameters);
  const outputs = encodeOutputs(parts);
  const { engine, batch, weights, maxError, predictedMaxError, synthetic, search } = facts;
  const client: ClientPart = {
    name: program.name,
    batch,
    inputs,
    outputs,
    ...parts.graph.steps,
    ...evaluationKeyNeeds(program.columns, parameters),
    ...refreshesOf(program),
    maxError,
    predictedMaxError,
    synthetic,
    ...(synthetic || parts.samples.length < leastCalibration ? {} : { calibration: calibrate(parts, inputs, outputs) }),
  };
  const managed = { ...program, level: 'he' as const, parameters };
  return {
    client,
    engine,
    weights,
    program: managed,
    schedule: program.schedule,
    statistics: planStatistics(managed, engine, { weightTilesPruned: 0, predictedMaxError }),
    search,
    dumps: new Map(),
  };
}

/** What the client refreshes, if anything. */
function refreshesOf({ columns }: PlanModule): Pick<ClientPart, 'refreshes'> {
  const refreshes = refreshRounds(columns);
  return refreshes.length === 0 ? {} : { refreshes };
}

/** What the samples show of the inputs that are read, and of the outputs. */
function calibrate(
  { graph, samples, answers: known }: PlanParts,
  inputs: readonly InputEncoding[],
  outputs: readonly OutputEncoding[],
): Calibration {
  const interpreter = new TensorInterpreter(graph.module);
  const answers = samples.map((sample) => known.get(sample) ?? interpreter.evaluate(sample));
  const namesOf = (encodings: readonly { readonly name: string }[]) => new Set(encodings.map(({ name }) => name));
  return calibrationOf(samples, answers, { inputs: namesOf(inputs), outputs: namesOf(outputs) });
}

/** Encodings of the inputs, and the program with the inputs that it reads numbered without gaps. */
function encodeInputs(
  { graph, packed, program, bounds }: PlanParts,
  parameters: Parameters,
): { inputs: InputEncoding[]; program: PlanModule } {
  const { imm, level, scale } = program.columns;
  const rowOf = rowsByIndex(program.columns, 'input');
  const renumbered = Int32Array.from(imm);
  const inputs: InputEncoding[] = [];
  let next = 0;
  for (const [id, first] of packed.packs) {
    const node = nodeAt(packed.tile, id);
    if (node.op !== 'pack') throw new InternalError(`%${id} is no pack`);
    const { name, shape, index, factor, layout } = node.attrs;
    const rows = Array.from({ length: layout.ciphertexts }, (_, c) => rowOf.get(first + c));
    const [known] = rows.filter((row) => row !== undefined);
    if (known === undefined) continue;
    const [inputLevel, inputScale] = [level[known] ?? 0, scale[known] ?? 0];
    inputs.push({
      name,
      shape,
      ...batchOf(graph.inputs, name),
      index: index.indices,
      factor,
      layout,
      firstCiphertext: next,
      used: rows.map((row) => row !== undefined),
      level: inputLevel,
      scale: inputScale,
      // At level 0 the modulus may have less room than the headroom takes.
      ...withinLimit(
        bounds.get(name) ?? { maxAbs: 0 },
        encodingLimit(parameters, inputLevel) / (inputScale * Math.abs(factor)),
      ),
    });
    for (const row of rows) if (row !== undefined) renumbered[row] = next++;
  }
  return { inputs, program: { ...program, columns: { ...program.columns, imm: renumbered } } };
}

/** The bounds, where none is beyond ±limit. */
function withinLimit({ maxAbs, groups: elements }: InputBounds, limit: number): InputBounds {
  if (maxAbs <= limit || elements === undefined) return { maxAbs: Math.min(maxAbs, limit), groups: elements };
  const clip = ([least, most]: Range): Range => [Math.max(least, -limit), Math.min(most, limit)];
  const groups = elements.groups.map(({ calibrated, together, alone, clips }) => ({
    calibrated: clip(calibrated),
    together: clip(together),
    alone: clip(alone),
    // Thresholds may lie beyond the limit.
    ...(clips === true && alone[0] >= -limit && alone[1] <= limit && { clips }),
  }));
  return { maxAbs: limit, groups: { ...elements, groups } };
}

function batchOf(ports: readonly Port[], name: string): Pick<Port, 'hasBatchAxis' | 'batchAxis'> {
  const { hasBatchAxis = false, batchAxis } = ports.find((port) => port.name === name) ?? {};
  return { hasBatchAxis, ...(batchAxis !== undefined && { batchAxis }) };
}

function encodeOutputs({ graph, packed, program }: PlanParts): OutputEncoding[] {
  const { level, scale } = program.columns;
  const rowOf = rowsByIndex(program.columns, 'output');
  const sent = sentOutputs(packed.tile);
  return [...packed.unpacks].map(([id, firstCiphertext]) => {
    const node = nodeAt(packed.tile, id);
    const used = sent.get(id);
    if (node.op !== 'unpack' || used === undefined) throw new InternalError(`%${id} is no output of the program`);
    const row = used.includes(true) ? rowOf.get(firstCiphertext) : undefined;
    const { name, shape, factor, index, constants } = node.attrs;
    return {
      ...{ name, shape, ...batchOf(graph.outputs, name), factor, layout: node.type, firstCiphertext, used },
      ...(index && { index: index.indices }),
      ...(constants && { constants: constants.values }),
      // Nothing is sent of an output that is constant.
      level: row === undefined ? 0 : (level[row] ?? 0),
      scale: row === undefined ? 1 : (scale[row] ?? 0),
    };
  });
}

/** Small hand-written plans for tests of the runtime. */
import { evaluationKeyNeeds } from '../../../../../costs/key-levels.ts';
import { Constant } from '../../../../../ir/constant.ts';
import { lastUses } from '../../../../../ir/he/last-uses.ts';
import { HeBuilder, type HeColumns, type HeModule } from '../../../../../ir/he/module.ts';
import { HE, type HeOpName } from '../../../../../ir/he/ops.ts';
import { PlaintextBuilder } from '../../../../../ir/he/plaintexts.ts';
import { usesValueA, usesValueB } from '../../../../../ir/he/traits.ts';
import { parametersSchema } from '../../../../../ir/ckks/parameters-schema.ts';
import type { Parameters } from '../../../../../ir/parameters.ts';
import {
  type ClientPart,
  FREES_A,
  FREES_B,
  type Plan,
  type PlanStatistics,
  type ScheduleColumns,
} from '../../../../../ir/plan/plan.ts';
import { refreshRounds } from '../../../../../ir/plan/stages.ts';
import { verifyPlan } from '../../../../../ir/plan/verify.ts';
import { Layout, tiled } from '../../../../../ir/tile/layout.ts';

/** One rescale; contexts take a tenth of a second. */
export const smallParameters: Parameters = parametersSchema.parse({
  polyModulusDegree: 4096,
  primes: [68719206401, 1073692673],
  specialPrimes: [68719403009],
});

/** Three rescales. */
export const deepParameters: Parameters = parametersSchema.parse({
  polyModulusDegree: 8192,
  primes: [281474976546817, 68718346241, 68718428161, 68719230977],
  specialPrimes: [281474976694273],
});

interface Value {
  readonly level: number;
  readonly scale: number;
  readonly size: number;
}

/** Writes a managed program: levels, scales and sizes follow from the operands. */
export class ProgramWriter {
  readonly parameters: Parameters;
  readonly slots: number;
  readonly scale: number;
  private readonly builder = new HeBuilder();
  private readonly pool = new PlaintextBuilder();
  private readonly values: Value[] = [];
  private readonly packed: Constant[] = [];
  private inputs = 0;
  private outputs = 0;

  constructor(parameters: Parameters, scale: number) {
    this.parameters = parameters;
    this.slots = parameters.polyModulusDegree / 2;
    this.scale = scale;
  }

  of(id: number): Value {
    const value = this.values[id];
    if (value === undefined) throw new Error(`no value ${id}`);
    return value;
  }

  input(level = this.parameters.primes.length - 1): number {
    return this.add('input', { level, scale: this.scale, size: 2 }, { imm: this.inputs++ });
  }

  /** A row of `period` values, repeated over the slots. */
  plaintext(period: readonly number[]): number {
    const source = this.packed.push(new Constant([1, period.length], Float64Array.from(period))) - 1;
    return this.pool.add({ source, tile: 0, shift: 0, inner: 1 });
  }

  weight(plaintext: number, level: number): number {
    return this.add('weight', { level, scale: this.scale, size: 2 }, { a: plaintext });
  }

  sum(a: number, b: number): number {
    const size = Math.max(this.of(a).size, this.of(b).size);
    return this.add('add', { ...this.of(a), size }, { a, b });
  }

  addPlain(a: number, b: number): number {
    return this.add('add-plain', this.of(a), { a, b, plainScale: this.of(a).scale });
  }

  multiplyPlain(a: number, b: number, plainScale = this.prime(a)): number {
    const { level, scale, size } = this.of(a);
    return this.add('multiply-plain', { level, scale: scale * plainScale, size }, { a, b, plainScale });
  }

  multiply(a: number, b: number): number {
    const { level, scale } = this.of(a);
    return this.add('multiply', { level, scale: scale * this.of(b).scale, size: 3 }, { a, b });
  }

  relinearize(a: number): number {
    return this.add('relinearize', { ...this.of(a), size: 2 }, { a });
  }

  rescale(a: number): number {
    const { level, scale, size } = this.of(a);
    return this.add('rescale', { level: level - 1, scale: scale / this.prime(a), size }, { a });
  }

  modSwitch(a: number): number {
    const { level, scale, size } = this.of(a);
    return this.add('mod-switch', { level: level - 1, scale, size }, { a });
  }

  rotate(a: number, step: number): number {
    return this.add('rotate', this.of(a), { a, imm: step });
  }

  conjugate(a: number): number {
    return this.add('conjugate', this.of(a), { a });
  }

  refresh(a: number, level: number): number {
    return this.add('refresh', { ...this.of(a), level }, { a });
  }

  output(a: number): number {
    return this.add('output', this.of(a), { a, imm: this.outputs++ });
  }

  /** @param rowsPerGroup rows that stay on one worker. */
  plan(rowsPerGroup = 1): Plan {
    const program: HeModule & { parameters: Parameters } = {
      level: 'he',
      name: 'test',
      slots: this.slots,
      parameters: this.parameters,
      columns: this.builder.build(),
      plaintexts: this.pool.build(),
      packed: this.packed,
      origins: [],
    };
    return planOf(program, rowsPerGroup);
  }

  /** The prime that the next rescale of `a` divides by. */
  prime(a: number): number {
    return this.parameters.primes[this.of(a).level] ?? Number.NaN;
  }

  private add(
    op: HeOpName,
    value: Value,
    fields: { a?: number; b?: number; imm?: number; plainScale?: number },
  ): number {
    this.values.push(value);
    return this.builder.add(op, { ...value, ...fields });
  }
}

/** A plan of a managed program, each input and output of which is a vector of all slots. */
export function planOf(program: HeModule & { parameters: Parameters }, rowsPerGroup = 1): Plan {
  const { columns } = program;
  const schedule = scheduleOf(columns, rowsPerGroup);
  const problems = verifyPlan({ ...program, level: 'plan', schedule });
  if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join('\n'));
  const client = clientPart(program);
  const weights = columns.op.includes(HE.weight) ? 'encrypted' : 'plain';
  return { client, engine: 'simd', weights, program, schedule, statistics, dumps: new Map() };
}

function clientPart({ columns, slots, parameters }: HeModule & { parameters: Parameters }): ClientPart {
  const layout = new Layout([tiled(slots, slots)], 1);
  const rows = [...columns.op.keys()];
  const common = { shape: [slots], hasBatchAxis: true, factor: 1, layout };
  const at = (id: number) => ({ level: columns.level[id] ?? 0, scale: columns.scale[id] ?? 0 });
  const immediate = (id: number): number => columns.imm[id] ?? 0;
  const inputs = rows.filter((id) => columns.op[id] === HE.input).sort((x, y) => immediate(x) - immediate(y));
  const outputs = rows.filter((id) => columns.op[id] === HE.output).sort((x, y) => immediate(x) - immediate(y));
  return {
    name: 'test',
    batch: 1,
    inputs: inputs.map((id, i) => ({
      ...common,
      ...at(id),
      name: `x${i}`,
      index: Int32Array.from({ length: slots }, (_, s) => s),
      firstCiphertext: i,
      used: [true],
      maxAbs: 4,
    })),
    outputs: outputs.map((id, i) => ({ ...common, ...at(id), name: `y${i}`, firstCiphertext: i, used: [true] })),
    ...evaluationKeyNeeds(columns, parameters),
    ...(columns.op.includes(HE.refresh) && { refreshes: refreshRounds(columns) }),
    maxError: 0.01,
    predictedMaxError: 0.001,
    synthetic: true,
  };
}

/** Buffers taken again as soon as they are free. */
function scheduleOf(columns: HeColumns, rowsPerGroup: number): ScheduleColumns {
  const { op, a, b } = columns;
  const rows = op.length;
  const last = lastUses({ columns });
  const buffer = new Int32Array(rows);
  const frees = new Uint8Array(rows);
  const free: number[] = [];
  let buffers = 0;
  for (let id = 0; id < rows; id++) {
    buffer[id] = free.pop() ?? buffers++;
    const code = op[id] ?? 0;
    const operandA = a[id] ?? 0;
    const operandB = b[id] ?? 0;
    if (usesValueA(code) && last[operandA] === id) {
      frees[id] = (frees[id] ?? 0) | FREES_A;
      free.push(buffer[operandA] ?? 0);
    }
    if (usesValueB(code) && operandB !== operandA && last[operandB] === id) {
      frees[id] = (frees[id] ?? 0) | FREES_B;
      free.push(buffer[operandB] ?? 0);
    }
  }
  const group = Int32Array.from({ length: rows }, (_, id) => Math.floor(id / rowsPerGroup));
  return { buffer, frees, group };
}

const statistics: PlanStatistics = {
  polyModulusDegree: 0,
  modulusBits: [],
  levels: 0,
  rotations: 0,
  relinearizations: 0,
  multiplyPlain: 0,
  multiplyCipher: 0,
  rescales: 0,
  additions: 0,
  galoisKeys: 0,
  galoisKeyBytes: 0,
  weightTiles: 0,
  weightTilesPruned: 0,
  inputCiphertexts: 0,
  outputCiphertexts: 0,
  peakBytes: 0,
  predictedMaxError: 0,
};

/** A plan that gives its input. */
export function identityPlan(): Plan {
  const writer = new ProgramWriter(smallParameters, 2 ** 28);
  writer.output(writer.input());
  return writer.plan();
}

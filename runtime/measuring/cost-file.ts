/**
 * Files of measured costs: JSON with the engine and the processor that they belong to. Node only: asks the system for
 * its processor.
 */
import { cpus } from 'node:os';
import { z } from 'zod';
import { notCosts, otherCostEngine, otherCostProcessor, otherCostVersion } from '../../ir/diagnostics/costs.ts';
import { type Diagnostic, HepcError, type Place } from '../../ir/diagnostics/diagnostic.ts';
import { type ClientCostTable, type ClientOp, clientOps } from '../../costs/client-costs.ts';
import { type CostedOp, costedOps, type CostTable, switchingParts } from '../../costs/op-costs.ts';
import { engineProfiles } from '../../costs/profiles.ts';
import { type EngineName, engineNames } from '../../ir/plan/plan.ts';
import { polyModulusDegrees } from '../../ir/parameters.ts';
import { simdCostVersion } from '../engines/simd/probe/cost-probe.ts';
import { sealVersion } from '../seal/library/version.ts';
import { clientCostVersion } from './client-probe.ts';

const format = 'hepc-costs';
const formatVersion = 6;
const maxBytes = 1 << 20;

/** What costs belong to. */
export interface CostOrigin {
  readonly engine: string;
  readonly engineVersion: string;
  /** What the client runs. */
  readonly clientVersion: string;
  /** The name of the processor. */
  readonly cpu: string;
}

/** An engine and the processor here. */
export function costOrigin(engine: EngineName = 'simd'): CostOrigin {
  return {
    engine,
    engineVersion: engine === 'simd' ? simdCostVersion : `node-seal ${sealVersion()}`,
    clientVersion: clientCostVersion,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
  };
}

/** An hour; above any measurement. */
const milliseconds = z.number().min(0).max(3.6e6);

const opCostSchema = z.strictObject({ base: milliseconds, perPrime: milliseconds, perPair: milliseconds });

/** Of key switches; nothing for an engine that does not have them apart. */
const partial: ReadonlySet<string> = new Set<CostedOp>(['mod-down', ...switchingParts]);

const degreeTable = strictRecord<CostedOp, typeof opCostSchema>(costedOps, opCostSchema).refine(
  (costs) =>
    Object.entries(costs).every(([op, cost]) => partial.has(op) || Object.values(cost).some((part) => part > 0)),
  { error: 'an operation takes no time' },
);

/** Of the degrees that the engine takes, which follow from its name. */
const table = strictRecord(polyModulusDegrees, degreeTable.exactOptional());

const clientTable = strictRecord(
  polyModulusDegrees,
  strictRecord<ClientOp, typeof opCostSchema>(clientOps, opCostSchema).refine(
    (costs) => Object.values(costs).every((cost) => Object.values(cost).some((part) => part > 0)),
    { error: 'an operation takes no time' },
  ),
);

const fileSchema = z
  .strictObject({
    format: z.literal(format),
    version: z.literal(formatVersion),
    engine: z.string(),
    engineVersion: z.string(),
    clientVersion: z.string(),
    cpu: z.string(),
    table,
    client: clientTable,
  })
  .superRefine(({ engine, table: costs }, context) => {
    const known = engineNames.find((name) => name === engine);
    const largest = known === undefined ? 0 : engineProfiles[known].capabilities.largestDegree;
    for (const degree of polyModulusDegrees)
      if (degree <= largest && costs[degree] === undefined)
        context.addIssue({ code: 'custom', path: ['table', degree], message: 'has no costs, and the engine takes it' });
  });

/** What is read of a file of any version. */
const headSchema = z.looseObject({ format: z.literal(format), version: z.int().min(0) });

function strictRecord<Key extends string | number, Value extends z.ZodType>(keys: readonly Key[], value: Value) {
  return z.strictObject(Object.fromEntries(keys.map((key) => [key, value])) as Record<Key, Value>);
}

/** To what a measurement is good for. */
function round(_: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(5)) : value;
}

/** Costs as the compiler takes them: options of `compile`. */
export interface MeasuredTables {
  readonly costs: CostTable;
  readonly clientCosts: ClientCostTable;
}

/** The file of costs that were measured at `origin`. */
export function writeCostFile({ costs, clientCosts }: MeasuredTables, origin: CostOrigin = costOrigin()): Uint8Array {
  const file: z.input<typeof fileSchema> = {
    format,
    version: formatVersion,
    ...origin,
    table: costs,
    client: clientCosts,
  };
  return new TextEncoder().encode(`${JSON.stringify(file, round, 2)}\n`);
}

/**
 * The costs in a file, called `file` in diagnostics. Throws `HepcError` H360 for anything else than a file of costs,
 * H361 for another version of the format, and H362 and H363 for costs of another engine or processor than `origin`.
 */
export function readCostFile(bytes: Uint8Array, file: string, origin: CostOrigin = costOrigin()): MeasuredTables {
  const at = { file };
  const json = parseJson(bytes, at);
  const head = headSchema.safeParse(json);
  if (!head.success) throw broken(head.error, at);
  const { version } = head.data;
  if (version !== formatVersion) throw new HepcError([otherCostVersion({ got: version, expected: formatVersion }, at)]);
  const parsed = fileSchema.safeParse(json);
  if (!parsed.success) throw broken(parsed.error, at);
  const { cpu, table: costs, client: clientCosts } = parsed.data;
  const problems: Diagnostic[] = [];
  for (const describe of [describeEngine, describeClient]) {
    const [got, expected] = [describe(parsed.data), describe(origin)];
    if (got !== expected) problems.push(otherCostEngine({ got, expected }, at));
  }
  if (cpu !== origin.cpu) problems.push(otherCostProcessor({ got: cpu, expected: origin.cpu }, at));
  if (problems.length > 0) throw new HepcError(problems);
  return { costs, clientCosts };
}

function describeEngine({ engine, engineVersion }: Omit<CostOrigin, 'cpu'>): string {
  return `${engine} (${engineVersion})`;
}

function describeClient({ clientVersion }: Omit<CostOrigin, 'cpu'>): string {
  return `a client (${clientVersion})`;
}

function parseJson(bytes: Uint8Array, at: Place): unknown {
  if (bytes.length > maxBytes) throw new HepcError([notCosts({ reason: `it has more than ${maxBytes} bytes` }, at)]);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    if (error instanceof SyntaxError) throw new HepcError([notCosts({ reason: 'it is not JSON' }, at)]);
    throw new HepcError([notCosts({ reason: 'it is not text in UTF-8' }, at)]);
  }
}

const maxReports = 8;

function broken({ issues }: z.ZodError, at: Place): HepcError {
  const shown = issues.slice(0, maxReports);
  return new HepcError(
    shown.map(({ path, message }) => {
      const part = path.map(String).join('.');
      return notCosts({ reason: message }, part === '' ? at : { ...at, part });
    }),
  );
}

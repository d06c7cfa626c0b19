/**
 * Levels of a run over modelled time, in the order of the plan and on one thread: the stretches between refreshes, by the client or by
 * bootstraps, and what is refreshed at the end of each. What a run waits for the client is left out, as it is of the estimate.
 */
import { evaluationRowMilliseconds } from '../../costs/plan-statistics.ts';
import { bootstrapOfRows } from '../../ir/he/bootstrap-rows.ts';
import type { HeColumns } from '../../ir/he/module.ts';
import { layersOf } from '../../ir/he/layers.ts';
import { refreshedLevel } from '../../ir/he/ops.ts';
import { roundsOf } from '../../ir/he/rounds.ts';
import { isOutput, isPort, pauses, raisesLevel } from '../../ir/he/traits.ts';
import type { Plan } from '../../ir/plan/plan.ts';

export interface LevelTimeline {
  /** Of the whole run, as `evaluationMilliseconds`: what all stretches and refreshes take together. */
  readonly milliseconds: number;
  readonly stretches: readonly Stretch[];
  /** When each ciphertext is refreshed: after which milliseconds it is asked for from the client, or raised to the top. Ascending. */
  readonly refreshedAt: readonly number[];
  /** By row of the program: the level of its result, and what it takes. */
  readonly rows: { readonly level: Uint8Array; readonly milliseconds: Float64Array };
}

/** What is computed between two refreshes. */
export interface Stretch {
  /** After how much of the run it begins. */
  readonly startMilliseconds: number;
  /** Without the refresh. */
  readonly milliseconds: number;
  /** Of what is computed, and of the inputs: it begins at the highest and goes down to the lowest. */
  readonly highestLevel: number;
  readonly lowestLevel: number;
  /** Names of the layers that have operations in it, in the order of their first. Hostile: whatever stood in the model. */
  readonly layers: readonly string[];
  /** At its end; absent for the last one. */
  readonly refresh?: StretchRefresh;
}

export interface StretchRefresh {
  readonly by: 'client' | 'server';
  readonly ciphertexts: number;
  /** What bootstraps take. A client takes none of the server's time; what it answers is read in the stretch after. */
  readonly milliseconds: number;
  /** Of the values that are refreshed, and the highest that one is brought to. */
  readonly fromLevel: number;
  readonly toLevel: number;
}

export function levelTimelineOf(plan: Pick<Plan, 'engine' | 'program'>): LevelTimeline {
  const { columns } = plan.program;
  const { op, level } = columns;
  const times = evaluationRowMilliseconds(plan);
  const layers = layersOf(plan.program);
  const bootstrapOf = bootstrapOfRows(plan.program);
  const lastRows = lastRowsOf(bootstrapOf);
  const stretchOf = stretchOfRows(columns, bootstrapOf, lastRows);
  const found: Found[] = [];
  const refreshedAt: number[] = [];
  const begun = new Set<number>();
  let now = 0;
  for (const [row, code] of op.entries()) {
    const [at, takes, bootstrap] = [level[row] ?? 0, times[row] ?? 0, bootstrapOf[row] ?? -1];
    const number = stretchOf[row] ?? 0;
    const stretch = (found[number] ??= { start: now, milliseconds: 0, levels: [], layers: new Set() });
    if (bootstrap === -1) {
      stretch.milliseconds += takes;
      if (!isOutput(code)) stretch.levels.push(at);
      if (!isPort(code)) stretch.layers.add(layers.names[layers.ofRow[row] ?? 0] ?? '');
    } else {
      const isFirst = !begun.has(bootstrap);
      begun.add(bootstrap);
      refreshes(stretch, {
        by: 'server',
        ciphertexts: Number(isFirst),
        milliseconds: takes,
        fromLevel: isFirst ? at : 0,
        toLevel: lastRows.get(bootstrap) === row ? at : 0,
      });
      if (raisesLevel(code)) refreshedAt.push(now);
    }
    const before = found[number - 1];
    if (pauses(code) && before !== undefined) {
      refreshes(before, { by: 'client', ciphertexts: 1, milliseconds: 0, fromLevel: refreshedLevel, toLevel: at });
      refreshedAt.push(stretch.start);
    }
    now += takes;
  }
  const stretches = found.map(({ start, milliseconds, levels, layers: own, refresh }): Stretch => ({
    startMilliseconds: start,
    milliseconds,
    highestLevel: levels.reduce((x, y) => Math.max(x, y), 0),
    lowestLevel: levels.reduce((x, y) => Math.min(x, y), Infinity),
    layers: [...own],
    ...(refresh && { refresh }),
  }));
  return { milliseconds: now, stretches, refreshedAt, rows: { level, milliseconds: times } };
}

/** A stretch so far. */
interface Found {
  readonly start: number;
  milliseconds: number;
  /** Of what is computed or comes in. */
  readonly levels: number[];
  readonly layers: Set<string>;
  refresh?: StretchRefresh;
}

function refreshes(stretch: Found, more: StretchRefresh): void {
  const before = stretch.refresh ?? { ciphertexts: 0, milliseconds: 0, fromLevel: 0, toLevel: 0 };
  stretch.refresh = {
    by: more.by,
    ciphertexts: before.ciphertexts + more.ciphertexts,
    milliseconds: before.milliseconds + more.milliseconds,
    fromLevel: Math.max(before.fromLevel, more.fromLevel),
    toLevel: Math.max(before.toLevel, more.toLevel),
  };
}

/** By bootstrap, and by −1 for rows of none. */
function lastRowsOf(bootstrapOf: Int32Array): ReadonlyMap<number, number> {
  return new Map(Array.from(bootstrapOf, (bootstrap, row) => [bootstrap, row]));
}

/**
 * By row: the number of its stretch, or of the one that it ends as part of a bootstrap. A new one begins with what follows a round trip,
 * and with the first operation of a layer after bootstraps, once all that were begun have ended; inputs may come in between these.
 */
function stretchOfRows(columns: HeColumns, bootstrapOf: Int32Array, lastRows: ReadonlyMap<number, number>): Int32Array {
  const rounds = roundsOf(columns);
  let stretch = 0;
  let round = 0;
  /** The last row of the bootstraps of the stretch, −1 where it has none. */
  let openUntil = -1;
  return bootstrapOf.map((bootstrap, row) => {
    const own = rounds[row] ?? 0;
    const isOfLayer = bootstrap === -1 && !isPort(columns.op[row] ?? -1);
    if (own > round || (isOfLayer && openUntil !== -1 && row > openUntil)) {
      stretch++;
      round = Math.max(round, own);
      openUntil = -1;
    }
    if (bootstrap !== -1) openUntil = Math.max(openUntil, lastRows.get(bootstrap) ?? row);
    return stretch;
  });
}

/** By moment of a run that is cut into equal ones: the level at which most of it is spent, the higher one of two alike. */
export function levelsByMoment(
  { milliseconds, rows }: Pick<LevelTimeline, 'milliseconds' | 'rows'>,
  moments: number,
): Uint8Array {
  const length = milliseconds / moments;
  const top = rows.level.reduce((most, level) => Math.max(most, level), 0);
  const spent = Array.from({ length: moments }, () => new Float64Array(top + 1));
  let now = 0;
  for (const [row, level] of rows.level.entries()) {
    const start = now;
    now += rows.milliseconds[row] ?? 0;
    const last = Math.min(moments - 1, Math.floor(now / length));
    for (let moment = Math.min(last, Math.floor(start / length)); moment <= last; moment++) {
      const part = Math.min(now, (moment + 1) * length) - Math.max(start, moment * length);
      const own = spent[moment];
      if (own !== undefined) own[level] = (own[level] ?? 0) + Math.max(0, part);
    }
  }
  return Uint8Array.from(spent, (times) =>
    times.reduce((most, time, level) => (time >= (times[most] ?? 0) ? level : most), 0),
  );
}

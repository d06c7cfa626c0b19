/** A run on one thread as the schedule orders it: which layer takes how much of each moment, and what is alive then. */
import { lastUses } from '../../../ir/he/last-uses.ts';
import { isOutput, usesValueA, usesValueB } from '../../../ir/he/traits.ts';
import { evaluationRowMilliseconds } from '../../../costs/plan-statistics.ts';
import { ciphertextBytes } from '../../../ir/parameters.ts';
import type { Plan } from '../../../ir/plan/plan.ts';
import type { Layers } from '../../../ir/he/layers.ts';

export interface Timeline {
  readonly milliseconds: number;
  /** Moments of equal length that the run is cut into. */
  readonly moments: number;
  /** [layers, moments]: the share of the moment that operations of the layer take, 0 to 1. */
  readonly shares: Float32Array;
  /** By moment: the most bytes of ciphertexts alive in it. */
  readonly liveBytes: Float64Array;
}

/** By the profile of the plan's engine, as `evaluationMilliseconds`. */
export function timelineOf(plan: Pick<Plan, 'engine' | 'program'>, layers: Layers, moments: number): Timeline {
  const { program } = plan;
  const rows = program.columns.op.length;
  const times = evaluationRowMilliseconds(plan);
  const milliseconds = times.reduce((x, y) => x + y, 0);
  const length = milliseconds / moments;
  const shares = new Float32Array(layers.names.length * moments);
  const liveBytes = new Float64Array(moments);
  const alive = liveAfterRows(program);
  let now = 0;
  for (let row = 0; row < rows; row++) {
    const start = now;
    now += times[row] ?? 0;
    const first = Math.min(moments - 1, Math.floor(start / length));
    const last = Math.min(moments - 1, Math.floor(now / length));
    const layer = (layers.ofRow[row] ?? 0) * moments;
    for (let moment = first; moment <= last; moment++) {
      const part = Math.min(now, (moment + 1) * length) - Math.max(start, moment * length);
      shares[layer + moment] = Math.min(1, (shares[layer + moment] ?? 0) + Math.max(0, part) / length);
      liveBytes[moment] = Math.max(liveBytes[moment] ?? 0, alive[row] ?? 0);
    }
  }
  return { milliseconds, moments, shares, liveBytes };
}

/** Bytes of the ciphertexts alive while each row runs: operands and result of an op all are. */
function liveAfterRows(program: Plan['program']): Float64Array {
  const { op, a, b, level, size } = program.columns;
  const last = lastUses(program);
  const bytes = (value: number): number => ciphertextBytes(program.parameters, level[value] ?? 0, size[value] ?? 0);
  const alive = new Float64Array(op.length);
  let now = 0;
  for (const [row, code] of op.entries()) {
    // An output is its operand, under another name.
    if (!isOutput(code)) now += bytes(row);
    alive[row] = now;
    if (isOutput(code)) continue;
    const [x, y] = [a[row] ?? -1, b[row] ?? -1];
    if (usesValueA(code) && last[x] === row) now -= bytes(x);
    if (usesValueB(code) && y !== x && last[y] === row) now -= bytes(y);
  }
  return alive;
}

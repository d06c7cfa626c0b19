/**
 * Whether the parts of a plan agree, once each is sound in itself:
 * - the program has the parameters of the client part, and the slots; inputs and outputs are as many as the encodings
 *   say, at their levels and scales;
 * - every rotation, or other automorphism, has its key step; relinearisation keys are asked for exactly if they are used;
 * - what the client refreshes is what the program does, and no weights are encrypted then;
 * - plain plans have no encrypted weights, bound ones have all, none larger than a ciphertext can be;
 * - the counts are those of the program. What the cost model says is not in the file, and compared with nothing.
 */
import { keyLevels } from '../../costs/key-levels.ts';
import { countProgram } from '../../costs/plan-statistics.ts';
import type { Diagnostic } from '../../ir/diagnostics/diagnostic.ts';
import { inconsistentHep } from '../../ir/diagnostics/plan.ts';
import { keyNeeds } from '../../ir/he/keys.ts';
import { portRows, rowsByIndex } from '../../ir/he/ports.ts';
import { ciphertextBytes } from '../../ir/parameters.ts';
import {
  ciphertextSize,
  type InputEncoding,
  type OutputEncoding,
  type Plan,
  type PlanCounts,
  sentCiphertexts,
} from '../../ir/plan/plan.ts';
import { refreshRounds } from '../../ir/plan/stages.ts';

/** H506 for everything that two parts of `plan` contradict one another in. The program itself has been verified. */
export function checkPlan(plan: Plan, file: string): Diagnostic[] {
  const reasons = [
    ...checkEnds('input', plan, plan.client.inputs),
    ...checkEnds('output', plan, plan.client.outputs),
    ...checkKeys(plan),
    ...checkWeights(plan),
    ...checkRefreshes(plan),
    ...checkStatistics(plan),
  ];
  return reasons.map(([part, reason]) => inconsistentHep({ reason }, { file, part }));
}

type Reason = readonly [part: string, reason: string];

function checkEnds(
  kind: 'input' | 'output',
  { program }: Plan,
  encodings: readonly (InputEncoding | OutputEncoding)[],
): Reason[] {
  const { level, scale } = program.columns;
  const rows = rowsByIndex(program.columns, kind);
  const expected = encodings.reduce((sum, encoding) => sum + sentCiphertexts(encoding), 0);
  if (rows.size !== expected)
    return [[`${kind}s`, `the program has ${rows.size} ${kind} ciphertexts, the client part ${expected}`]];
  const reasons: Reason[] = [];
  for (const encoding of encodings) {
    const { name, firstCiphertext } = encoding;
    for (let k = firstCiphertext; k < firstCiphertext + sentCiphertexts(encoding); k++) {
      const id = rows.get(k);
      if (id === undefined) {
        reasons.push([`${kind} ${name}`, `ciphertext ${k} is not in the program`]);
        break;
      }
      if (level[id] === encoding.level && scale[id] === encoding.scale) continue;
      const here = `level ${level[id] ?? 0} and scale ${scale[id] ?? 0}`;
      reasons.push([
        `${kind} ${name}`,
        `ciphertext ${k} has ${here} in the program, level ${encoding.level} and scale ${encoding.scale} in the client part`,
      ]);
      break;
    }
  }
  return reasons;
}

function checkKeys({ client, program }: Plan): Reason[] {
  const { galoisSteps, relinearization, encapsulation } = keyNeeds(program.columns);
  const steps = new Set(client.rotationSteps);
  const reasons: Reason[] = [];
  const unknown = galoisSteps.find((step) => !steps.has(step));
  if (unknown !== undefined)
    reasons.push([
      'rotationSteps',
      `the program uses the Galois key of step ${unknown}, which the client does not make`,
    ]);
  if (relinearization !== client.needsRelinKeys)
    reasons.push(['needsRelinKeys', `it is ${client.needsRelinKeys}, but the program does otherwise`]);
  if (encapsulation !== (client.needsEncapsulation ?? false))
    reasons.push(['needsEncapsulation', `it is ${!encapsulation}, but the program does otherwise`]);
  if (client.keyLevels === undefined || reasons.length > 0) return reasons;
  const { rotations, relinearization: relinearizationLevel } = keyLevels(program.columns);
  const low = client.rotationSteps.find(
    (step, k) => (client.keyLevels?.rotations[k] ?? 0) < (rotations.get(step) ?? 0),
  );
  if (low !== undefined)
    reasons.push(['keyLevels', `the program uses the Galois key of step ${low} at a higher level`]);
  if ((client.keyLevels.relinearization ?? 0) < (relinearizationLevel ?? 0))
    reasons.push(['keyLevels', 'the program relinearises at a higher level']);
  return reasons;
}

function checkWeights({ weights, bound, program }: Plan): Reason[] {
  const { level } = program.columns;
  const rows = portRows(program.columns, 'weight');
  if (weights === 'plain' && (rows.length > 0 || bound !== undefined))
    return [['weights', 'a plan of plain weights has encrypted ones']];
  if (bound === undefined) return [];
  if (bound.ciphertexts.length !== rows.length)
    return [['bound', `${bound.ciphertexts.length} ciphertexts for ${rows.length} weights`]];
  const large = rows.findIndex((row, k) => {
    const whole = ciphertextBytes(program.parameters, level[row] ?? 0, 2);
    // Compression may add a little to what cannot be compressed, and SEAL a header.
    return ciphertextSize(bound, k) > whole + whole / 16 + 1024;
  });
  return large === -1 ? [] : [['bound', `weight ${large} is larger than a ciphertext of its level`]];
}

function checkRefreshes({ client: { refreshes = [] }, program, weights }: Plan): Reason[] {
  const rounds = refreshRounds(program.columns);
  const bad = rounds.findIndex((round, k) => {
    const said = refreshes[k] ?? [];
    return (
      said.length !== round.length ||
      round.some(({ level, scale }, i) => said[i]?.level !== level || said[i].scale !== scale)
    );
  });
  if (rounds.length !== refreshes.length)
    return [['refreshes', `the program has ${rounds.length} round trips, the client part ${refreshes.length}`]];
  if (bad !== -1) return [['refreshes', `round trip ${bad} is another one in the program than in the client part`]];
  return rounds.length > 0 && weights === 'encrypted' ? [['weights', 'they are encrypted, and values refreshed']] : [];
}

function checkStatistics({ client, program, statistics }: Plan): Reason[] {
  const { weightTilesPruned } = statistics;
  const { predictedMaxError } = client;
  const counted = countProgram(program, { weightTilesPruned, predictedMaxError });
  return (Object.keys(counted) as (keyof PlanCounts)[]).flatMap((key): Reason[] => {
    const [said, is] = [String(statistics[key]), String(counted[key])];
    return said === is ? [] : [[`statistics.${key}`, `it is ${said}, but the program has ${is}`]];
  });
}

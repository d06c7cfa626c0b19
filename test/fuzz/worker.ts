/**
 * A process that feeds a range of inputs to one reader: `worker.ts GROUPS READER SEED FROM TO STATE SECONDS MEGABYTES`.
 *
 * Before each input its number goes to the file STATE, so that whoever watches knows what a process was at when it hung or
 * died. What it finds goes to the standard output, a JSON line each.
 */
import { openSync, writeSync } from 'node:fs';
import { drawOf } from './mutate/draw.ts';
import { judge } from './target.ts';
import { loadTarget, type TargetGroup } from './targets.ts';

/** How often memory is looked at besides after slow inputs. */
const inputsPerLook = 64;

const maxFaults = 200;

/** A line of the standard output. */
export type Line =
  | { readonly kind: 'fault'; readonly index: number; readonly text: string }
  | { readonly kind: 'done'; readonly accepted: number; readonly refused: Readonly<Record<string, number>> };

const [groups = '', reader = '', seed = '', from = '', to = '', state = '', seconds = '', megabytes = ''] =
  process.argv.slice(2);
const { targetGroups } = (await import(groups)) as { targetGroups: readonly TargetGroup[] };
const target = await loadTarget(reader, targetGroups);
const file = openSync(state, 'r+');
const word = new Float64Array(1);
const mark = (index: number): void => {
  word[0] = index;
  writeSync(file, word, 0, 8, 0);
};
let faults = 0;
const print = (line: Line): void => {
  writeSync(1, `${JSON.stringify(line)}\n`);
  // One that faults this often has to be mended first.
  if (line.kind === 'fault' && ++faults >= maxFaults) process.exit(1);
};

let accepted = 0;
const refused: Record<string, number> = {};
for (let index = Number(from); index < Number(to); index++) {
  mark(index);
  const bytes = target.mutate(drawOf(Number(seed), reader, index));
  const before = process.cpuUsage();
  const verdict = await judge(target, bytes);
  const { user, system } = process.cpuUsage(before);
  const elapsed = (user + system) / 1e6;
  if (verdict.kind === 'accepted') accepted++;
  else if (verdict.kind === 'refused') for (const code of verdict.codes) refused[code] = (refused[code] ?? 0) + 1;
  else print({ kind: 'fault', index, text: verdict.text });
  if (elapsed > Number(seconds))
    print({ kind: 'fault', index, text: `takes ${elapsed.toFixed(1)} s of the processor` });
  if (elapsed < 0.05 && index % inputsPerLook !== 0) continue;
  const resident = process.memoryUsage.rss();
  if (resident > Number(megabytes) * 2 ** 20) {
    print({ kind: 'fault', index, text: `the process holds ${Math.round(resident / 2 ** 20)} MiB` });
    // A process that has grown says nothing of the inputs that follow.
    process.exit(1);
  }
}
print({ kind: 'done', accepted, refused });
process.exit(0);

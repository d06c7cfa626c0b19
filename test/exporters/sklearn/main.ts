/**
 * scikit-learn's models through skl2onnx and hepc, encrypted.
 *
 *   npm run sklearn-cases [-- OPTION... NAME...]   NAME: only models whose names hold one of these
 *
 *   --data FOLDER   the models as `generate.py` writes them; otherwise they are trained, with the Python of `python.ts`
 *   --write         write bench/sklearn.md
 *
 * Prints a table. Exits 1 where a model is refused or does not answer like the library.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { filledBy } from '../python.ts';
import { readModels } from './models.ts';
import { passes, renderReport } from './report.ts';
import { type Outcome, runModel } from './run.ts';

const resultFile = join(import.meta.dirname, '..', '..', '..', 'bench', 'sklearn.md');

const { values: options, positionals: names } = parseArgs({
  allowPositionals: true,
  options: { data: { type: 'string' }, write: { type: 'boolean', default: false } },
});

const outcomes: Outcome[] = [];
for (const model of readModels(options.data ?? filledBy(join(import.meta.dirname, 'generate.py')))) {
  if (names.length > 0 && !names.some((part) => model.name.includes(part))) continue;
  const outcome = await runModel(model);
  process.stderr.write(`${passes(outcome) ? 'like the library' : 'NOT LIKE THE LIBRARY'}: ${model.name}\n`);
  outcomes.push(outcome);
}

const report = await format(renderReport(outcomes), { ...(await resolveConfig(resultFile)), parser: 'markdown' });
process.stdout.write(report);
if (options.write) writeFileSync(resultFile, report);
if (!outcomes.every(passes)) process.exitCode = 1;

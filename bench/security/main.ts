/**
 * What another table of moduli makes of the plans of `bench/models.ts`: both compiled for the default engine, here and in
 * another checkout. Compares plans, and measures no times.
 *
 *   npm run bench:security -- FOLDER
 *
 * FOLDER is the checkout before, with its dependencies. Prints the table that `bench/security.md` has.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { formatMilliseconds } from '../../cli/render/units.ts';
import { formatError } from '../../ir/maths/error-unit.ts';
import { type BenchModel, benchModels } from '../models.ts';
import { column, table } from '../markdown.ts';
import { runProgram } from '../run-program.ts';

const root = join(import.meta.dirname, '..', '..');

/** Of `hepc inspect --json`. */
const description = z.object({
  predictedMaxError: z.number(),
  secondsPerSample: z.number(),
  statistics: z.object({ polyModulusDegree: z.int(), modulusBits: z.array(z.int()) }),
});
type Description = z.infer<typeof description>;

interface Compared {
  readonly model: BenchModel;
  readonly before: Description;
  readonly after: Description;
}

/** The plan that the checkout in `side` makes; its file goes to `folder`. */
function compileAt(side: string, { name, modelFile, sampleFile, maxError }: BenchModel, folder: string): Description {
  const plan = join(folder, `${name}.hep`);
  const cli = join(side, 'cli', 'main.ts');
  const [onnx, samples] = [join(root, modelFile), join(root, sampleFile)];
  runProgram([cli, 'compile', onnx, '-o', plan, '--calibrate', samples, '--max-error', String(maxError)], side);
  return description.parse(JSON.parse(runProgram([cli, 'inspect', plan, '--json'], side)));
}

const both = (cell: (plan: Description) => string) => (row: Compared) => {
  const [before, after] = [cell(row.before), cell(row.after)];
  return before === after ? before : `${before} → ${after}`;
};

const bitsOf = ({ statistics: { modulusBits } }: Description): number => modulusBits.reduce((sum, bits) => sum + bits);

const [other, ...more] = process.argv.slice(2);
if (other === undefined || more.length > 0) {
  process.stderr.write('usage: npm run bench:security -- FOLDER\n');
  process.exitCode = 2;
} else {
  const folder = mkdtempSync(join(tmpdir(), 'hepc-security-'));
  try {
    const rows = benchModels.map((model): Compared => {
      process.stderr.write(`${model.name}\n`);
      return { model, before: compileAt(resolve(other), model, folder), after: compileAt(root, model, folder) };
    });
    const columns = [
      column<Compared>('model', ({ model }) => model.name),
      column<Compared>(
        'N',
        both(({ statistics }) => String(statistics.polyModulusDegree)),
      ),
      column<Compared>(
        'primes',
        both(({ statistics }) => statistics.modulusBits.join('+')),
      ),
      column<Compared>(
        'bits',
        both((plan) => String(bitsOf(plan))),
      ),
      column<Compared>(
        'predicted error',
        both(({ predictedMaxError }) => formatError(predictedMaxError)),
      ),
      column<Compared>('allowed', ({ model }) => formatError(model.maxError)),
      column<Compared>(
        'modelled time',
        both(({ secondsPerSample }) => formatMilliseconds(1000 * secondsPerSample)),
      ),
    ];
    process.stdout.write(`${table(columns, rows)}\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * ONNX's own tests of operators through hepc.
 *
 *   npm run onnx-cases [-- OPTION... NAME...]   NAME: only tests whose names hold one of these
 *
 *   --data FOLDER   the tests as `generate.py` writes them; otherwise they are made, with the Python of `python.ts`
 *   --compile       search for plans, and run them in the clear
 *   --encrypted     and encrypted
 *   --write         write bench/onnx-cases.md
 *   --refused       list every refusal with its reason
 *
 * Of the tests those count whose operators the README lists and whose operands are numbers. Exits 1 where an answer is
 * wrong.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { supportedOperators } from '../../../compiler/onnx/domains.ts';
import { listedOperators, newestOpset } from '../../support/readme.ts';
import { filledBy } from '../python.ts';
import { readNodeTests } from './node-tests.ts';
import { type Outcome, renderReport, renderRefusals, renderSummary } from './report.ts';
import { type Depth, run } from './run.ts';
import { type Variant, variantsOf } from './variants.ts';

const resultFile = join(import.meta.dirname, '..', '..', '..', 'bench', 'onnx-cases.md');

const { values: options, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: 'string' },
    compile: { type: 'boolean', default: false },
    encrypted: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    refused: { type: 'boolean', default: false },
  },
});

const listed = new Set(listedOperators().map((name) => `:${name}`));
const ml = 'ai.onnx.ml';
for (const name of supportedOperators(ml)) listed.add(`${ml}:${name}`);
const foldable = new Set([...listed, ...supportedOperators('').map((name) => `:${name}`)]);

function isClaimed({ operators }: Variant): boolean {
  return (
    operators.encrypted.every((name) => listed.has(name)) && operators.constant.every((name) => foldable.has(name))
  );
}

const depth: Depth = options.encrypted ? 'encrypted' : options.compile ? 'compiled' : 'imported';
const outcomes: Outcome[] = [];
let newer = 0;
for (const test of readNodeTests(options.data ?? filledBy(join(import.meta.dirname, 'generate.py')))) {
  if (names.length > 0 && !names.some((part) => test.name.includes(part))) continue;
  for (const variant of variantsOf(test).filter(isClaimed)) {
    if (variant.opset > newestOpset()) newer++;
    else outcomes.push({ ...variant, verdict: await run(variant, depth) });
  }
}

process.stdout.write(renderSummary(outcomes, newer));
if (options.refused) process.stdout.write(renderRefusals(outcomes));
if (options.write) {
  const report = renderReport(outcomes, newer);
  writeFileSync(resultFile, await format(report, { ...(await resolveConfig(resultFile)), parser: 'markdown' }));
}
if (outcomes.some(({ verdict }) => verdict.kind === 'wrong')) process.exitCode = 1;

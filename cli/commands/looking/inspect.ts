import { z } from 'zod';
import { badUsage, noSearchReport, noSuchText } from '../../../ir/diagnostics/cli.ts';
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import type { AnyModule, Level } from '../../../ir/levels.ts';
import { levels } from '../../../ir/levels.ts';
import type { Plan } from '../../../ir/plan/plan.ts';
import type { SearchReport } from '../../../ir/plan/search-report.ts';
import { printModule } from '../../../ir/text/print.ts';
import { defineCommand, option } from '../../shell/command.ts';
import { UsageError } from '../../shell/failure.ts';
import { choice, flag, text } from '../../shell/option-values.ts';
import { IrOutput } from '../../files/dump-ir.ts';
import { OutputFile } from '../../files/output-file.ts';
import { readPlanFile } from '../../files/plan-file.ts';
import { describePlan, summarisePlan } from '../../render/plan-summary.ts';
import { renderSearch } from '../../render/search-report.ts';
import { renderFields } from '../../render/table.ts';
import { formatBytes } from '../../render/units.ts';
import { program } from '../../shell/version.ts';
import { json, planArgument } from '../options/options.ts';

export const inspect = defineCommand({
  name: 'inspect',
  group: 'Compile a model',
  summary: 'Show what is in a plan',
  details: [
    'Says what goes in and out, the encryption parameters, and how many operations a run takes on each level and for ' +
      'each ONNX node.',
    'With --level prints the IR: what the model computes (tensor), how it is packed (tile), the operations on ' +
      'ciphertexts (he), and with their schedule (plan). Constants of more than 64 values stand there by their SHA-256; ' +
      'with --output, those of he and plan are written to the .npz beside it, so that `hepc opt` can read the IR. A plan ' +
      'does not hold those of tensor and tile: `hepc compile --dump-ir` writes them.',
  ],
  options: z.strictObject({
    plan: planArgument,
    level: option(choice(levels).optional(), { doc: 'print the IR of this level', value: 'LEVEL' }),
    output: option(text.optional(), {
      doc: 'for --level: write the IR there instead, with its constants beside it',
      short: 'o',
      value: 'OUT.ir',
    }),
    stats: option(flag, { doc: 'print the statistics alone' }),
    search: option(flag, { doc: 'print what the search tried, and for each layer why the winner won' }),
    html: option(text.optional(), {
      doc: 'write all of it as one page with pictures, to open in a browser',
      value: 'REPORT.html',
    }),
    json,
  }),
  examples: [
    'inspect mlp.hep',
    'inspect mlp.hep --search',
    'inspect mlp.hep --level tile',
    'inspect mlp.hep --level he --output mlp.ir',
    'inspect mlp.hep --stats --json',
    'inspect mlp.hep --html mlp.html',
  ],
  run: async (options, { print }) => {
    const { level, stats, search } = options;
    if (options.output !== undefined && (level === undefined || options.json)) throw new UsageError([outputOfLevel]);
    if (options.html !== undefined) {
      if (level !== undefined || stats || search || options.json) throw new UsageError([htmlAlone]);
      const output = new OutputFile(options.html);
      // Loaded where it is wanted: with what draws it, it is a third of the start of every command.
      const { renderReport } = await import('../../report/page.ts');
      const page = await renderReport(await readPlanFile(options.plan), { madeBy: program });
      output.write(page);
      print(`${options.html}: ${formatBytes(Buffer.byteLength(page))}\n`);
      return;
    }
    const output = options.output === undefined ? undefined : new IrOutput(options.output);
    const plan = await readPlanFile(options.plan);
    if (level !== undefined && output !== undefined) {
      writeLevel(plan, level, options.plan, output);
    } else if (level !== undefined) {
      const text = levelText(plan, level, options.plan);
      print(options.json ? toJson({ level, text }) : text);
    } else if (search) {
      const report = searchOf(plan, options.plan);
      print(options.json ? toJson(report) : renderSearch(report));
    } else if (options.json) {
      print(toJson(stats ? plan.statistics : describePlan(plan)));
    } else {
      print(stats ? renderStatistics(plan) : summarisePlan(plan));
    }
  },
});

const htmlAlone = badUsage({
  reason: '--html takes no --level, --stats, --search or --json: the page shows everything',
  help: 'hepc help inspect',
});

const outputOfLevel = badUsage({
  reason: '--output is where the IR of --level goes, and takes no --json',
  help: 'hepc help inspect',
});

function writeLevel(plan: Plan, level: Level, file: string, output: IrOutput): void {
  const module = moduleOf(plan, level);
  if (module === undefined) output.writeText(levelText(plan, level, file));
  else output.write(module);
}

/** What the plan holds of `level` with its constants. */
function moduleOf({ program, schedule }: Plan, level: Level): AnyModule | undefined {
  if (level === 'he') return program;
  return level === 'plan' ? { ...program, level, schedule } : undefined;
}

function levelText(plan: Plan, level: Level, file: string): string {
  const module = moduleOf(plan, level);
  const text = module === undefined ? plan.dumps.get(level) : printModule(module).text;
  if (text === undefined) throw new HepcError([noSuchText({ level }, { file })]);
  return text;
}

function searchOf({ search }: Plan, file: string): SearchReport {
  if (search === undefined) throw new HepcError([noSearchReport({}, { file })]);
  return search;
}

function renderStatistics({ statistics }: Plan): string {
  return renderFields(
    Object.entries<number | readonly number[]>({ ...statistics }).map(([name, value]) => [
      name,
      typeof value === 'number' ? String(value) : value.join(' '),
    ]),
  );
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

import { basename } from 'node:path';
import { badUsage, noSearchReport, noSuchText } from '../../../ir/diagnostics/cli.ts';
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import type { AnyModule, Level } from '../../../ir/levels.ts';
import type { Plan } from '../../../ir/plan/plan.ts';
import type { SearchReport } from '../../../ir/plan/search-report.ts';
import { printModule } from '../../../ir/text/print.ts';
import { UsageError } from '../../shell/failure.ts';
import { IrOutput } from '../../files/dump-ir.ts';
import { OutputFile } from '../../files/output-file.ts';
import { readPlanFile } from '../../files/plan-file.ts';
import { readTrace } from '../../files/trace-file.ts';
import type { ReportOptions } from '../../report/page.ts';
import { describePlan, summarisePlan } from '../../render/plan-summary.ts';
import { toJson } from '../../render/json.ts';
import { renderSearch } from '../../render/search-report.ts';
import { renderFields } from '../../render/table.ts';
import { formatBytes } from '../../render/units.ts';
import { program } from '../../shell/version.ts';
import type { CommandContext } from '../../shell/context.ts';
import type { Action } from '../../parsing/declaration.ts';
import type { inspect } from '../../commands/looking/inspect.ts';

export const runInspect: Action<typeof inspect> = async (options, { print, remark }) => {
  const { level, stats, search } = options;
  if (options.output !== undefined && (level === undefined || options.json)) throw new UsageError([outputOfLevel]);
  if (options.html !== undefined) {
    if (level !== undefined || stats || search || options.json) throw new UsageError([htmlAlone]);
    const output = new OutputFile(options.html);
    // Loaded where it is wanted: with what draws it, it is a third of the start of every command.
    const { renderReport } = await import('../../report/page.ts');
    const plan = await readPlanFile(options.plan, { remark });
    const page = await renderReport(plan, { madeBy: program, ...(await besides(plan, { ...options, remark })) });
    output.write(page);
    print(`${options.html}: ${formatBytes(Buffer.byteLength(page))}${output.inPlace}\n`);
    return;
  }
  if (options.trace !== undefined || options.compare !== undefined) throw new UsageError([onlyForHtml]);
  const output = options.output === undefined ? undefined : new IrOutput(options.output);
  const plan = await readPlanFile(options.plan, { remark });
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
};

const htmlAlone = badUsage({
  reason: '--html takes no --level, --stats, --search or --json: the page shows everything',
  help: 'hepc help inspect',
});

const onlyForHtml = badUsage({
  reason: '--trace and --compare are shown by the page that --html writes',
  help: 'hepc help inspect',
});

const outputOfLevel = badUsage({
  reason: '--output is where the IR of --level goes, and takes no --json',
  help: 'hepc help inspect',
});

/** What the page shows beside the plan. */
async function besides(
  plan: Plan,
  {
    plan: file,
    trace,
    compare,
    remark,
  }: Pick<CommandContext, 'remark'> & {
    readonly plan: string;
    readonly trace?: string | undefined;
    readonly compare?: string | undefined;
  },
): Promise<Pick<ReportOptions, 'trace' | 'compare'>> {
  return {
    ...(trace !== undefined && { trace: await readTrace(trace, plan) }),
    ...(compare !== undefined && {
      compare: {
        name: basename(file),
        other: { name: basename(compare), plan: await readPlanFile(compare, { remark }) },
      },
    }),
  };
}

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

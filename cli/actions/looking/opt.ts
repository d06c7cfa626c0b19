import { z } from 'zod';
import { badPassOptions, wrongLevel } from '../../../ir/diagnostics/cli.ts';
import { formatDiagnostic, HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import type { AnyModule, Modules } from '../../../ir/levels.ts';
import { printModule } from '../../../ir/text/print.ts';
import { PassManager } from '../../../passes/manager.ts';
import type { AnyPass, Pass } from '../../../passes/base/pass.ts';
import type { Port } from '../../../ir/interface.ts';
import { IrOutput } from '../../files/dump-ir.ts';
import { toJson } from '../../render/json.ts';
import { findPass } from '../../shell/find-pass.ts';
import { readIr } from '../../files/ir-file.ts';
import { readNumbers } from '../../files/sample-file.ts';
import type { Action } from '../../parsing/declaration.ts';
import type { opt } from '../../commands/looking/opt.ts';

export const runOpt: Action<typeof opt> = async (options, { print, remark }) => {
  const output = options.output === undefined ? undefined : new IrOutput(options.output);
  const passes = options.pass.map(findPass);
  const optionsOf = readPassOptions(passes, options.options);
  let module = await readIr(options.file);
  const samples = options.calibrate === undefined ? [] : await readNumbers(options.calibrate, inputsOf(module));
  const manager = new PassManager(samples);
  for (const pass of passes) {
    if (pass.level !== module.level)
      throw new HepcError([
        wrongLevel({ pass: pass.name, expected: pass.level, got: module.level }, { file: options.file }),
      ]);
    // The level was compared; the union of passes cannot say that.
    module =
      'train' in pass
        ? await manager.train(pass, module as Modules['tensor'], optionsOf(pass))
        : manager.run(pass as Pass, module, optionsOf(pass));
  }
  for (const warning of manager.warnings) remark(formatDiagnostic(warning));
  if (options.json) {
    const text = output === undefined ? { text: printModule(module).text } : {};
    print(toJson({ ...text, runs: manager.runs.map(({ pass, statistics }) => ({ pass, statistics })) }));
  } else if (!options.quiet) {
    for (const { pass, statistics } of manager.runs) remark(describeRun(pass, statistics));
  }
  if (output === undefined && !options.json) print(printModule(module).text);
  output?.write(module);
};

/** The options of each pass, checked. Throws `HepcError` H741. */
function readPassOptions(passes: readonly AnyPass[], json: string | undefined): (pass: AnyPass) => unknown {
  const names = passes.map(({ name }) => name).join(', ');
  const object = z.record(z.string(), z.unknown()).safeParse(json === undefined ? {} : parseJson(json));
  if (!object.success) throw new HepcError([badPassOptions({ pass: names, reason: 'expected a JSON object' })]);
  const given = ({ name }: AnyPass): unknown => (passes.length === 1 ? object.data : (object.data[name] ?? {}));
  const unknown =
    passes.length === 1 ? [] : Object.keys(object.data).filter((key) => !passes.some((p) => p.name === key));
  const problems = [
    ...unknown.map((key) => badPassOptions({ pass: names, reason: `${JSON.stringify(key)} is none of these passes` })),
    ...passes.flatMap((pass) => {
      const { error } = pass.options.safeParse(given(pass));
      return (error?.issues ?? []).map(({ path, message }) =>
        badPassOptions({ pass: pass.name, reason: `${path.length === 0 ? '' : `${path.join('.')}: `}${message}` }),
      );
    }),
  ];
  if (problems.length > 0) throw new HepcError(problems);
  return given;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What is no JSON is no object either, and refused as such.
    return undefined;
  }
}

/** The inputs of a module that names them. */
function inputsOf(module: AnyModule): Port[] {
  if (module.level === 'tensor')
    return module.nodes.flatMap(({ op, attrs, type }) =>
      op === 'input' ? [{ name: attrs.name, shape: type, hasBatchAxis: false }] : [],
    );
  if (module.level === 'tile')
    return module.nodes.flatMap(({ op, attrs }) =>
      op === 'pack' ? [{ name: attrs.name, shape: attrs.shape, hasBatchAxis: false }] : [],
    );
  return [];
}

function describeRun(pass: string, statistics: Readonly<Record<string, number>>): string {
  const counts = Object.entries(statistics).map(([name, value]) => `${name} ${value}`);
  return `${pass}: ${counts.join(', ') || 'done'}`;
}

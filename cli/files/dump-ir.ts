/** `--dump-ir`: every module before and after every pass, as text. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Constant } from '../../ir/constant.ts';
import type { AnyModule } from '../../ir/levels.ts';
import { printModule } from '../../ir/text/print.ts';
import type { PassObserver } from '../../passes/manager.ts';
import type { NdArray } from '../../runtime/format/npy.ts';
import { writeNpz } from '../../runtime/format/npz.ts';
import { attempt, OutputFile } from './output-file.ts';

const dumpFile = /^\d{2,}-[a-z-]+\.(before|after)\.(ir|npz)$/;

/** Files are written as the passes run, so that they are there when a pass fails. */
export class DumpFolder implements PassObserver {
  private readonly folder: string;
  private runs = 0;

  /** Makes the folder where it is missing, and removes dumps of earlier runs. Throws `HepcError` H720. */
  constructor(folder: string) {
    this.folder = folder;
    attempt(folder, () => {
      mkdirSync(folder, { recursive: true });
      for (const name of readdirSync(folder)) if (dumpFile.test(name)) rmSync(join(folder, name));
    });
  }

  before(pass: string, module: AnyModule): void {
    this.runs++;
    this.write(pass, 'before', module);
  }

  after(pass: string, module: AnyModule): void {
    this.write(pass, 'after', module);
  }

  private write(pass: string, when: 'before' | 'after', module: AnyModule): void {
    const number = String(this.runs).padStart(2, '0');
    writeIr(join(this.folder, `${number}-${pass}.${when}.ir`), module);
  }
}

/** Writes `module` to `path`, and its large constants to the `.npz` beside it. Throws `HepcError` H720. */
export function writeIr(path: string, module: AnyModule): void {
  const { text, constants } = printModule(module);
  if (constants.size > 0)
    new OutputFile(constantsPath(path)).write(
      writeNpz(new Map(Array.from(constants, ([name, each]) => [name, arrayOf(each)]))),
    );
  new OutputFile(path).write(text);
}

/** `a.npz` beside `a.ir`. */
export function constantsPath(irPath: string): string {
  return `${irPath.replace(/\.ir$/, '')}.npz`;
}

function arrayOf({ shape, data }: Constant): NdArray {
  return data instanceof Float64Array ? { dtype: 'f8', shape, data } : { dtype: 'i4', shape, data };
}

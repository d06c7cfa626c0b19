/** `--dump-ir`: every module before and after every pass, as text. */
import { mkdirSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Constant } from '../../ir/constant.ts';
import type { AnyModule } from '../../ir/levels.ts';
import { printModule } from '../../ir/text/print.ts';
import type { PassObserver } from '../../passes/manager.ts';
import type { NdArray } from '../../runtime/format/npy.ts';
import { writeNpz } from '../../runtime/format/npz.ts';
import { OutputFile } from './output-file.ts';
import { probeFolder } from './output-target.ts';
import { claimOutput, outputsIn } from './places.ts';
import { attempt, refusal } from './system-errors.ts';

const dumpFile = /^\d{2,}-[a-z-]+\.(before|after)\.(ir|npz)$/;

/** Files are written as the passes run, so that they are there when a pass fails. */
export class DumpFolder implements PassObserver {
  private readonly folder: string;
  private removeEarlier: () => void;
  private runs = 0;

  /**
   * Makes the folder where it is missing. Dumps of earlier runs are removed with the first dump of this one. Throws
   * `HepcError` H720 where nothing can be written there, or where one of these is an input or output of the command.
   */
  constructor(folder: string) {
    const real = attempt(folder, () => {
      mkdirSync(folder, { recursive: true });
      return realpathSync(folder);
    });
    this.folder = real;
    const earlier = attempt(folder, () => {
      probeFolder(real);
      const own = outputsIn(real).find(({ name }) => dumpFile.test(name));
      if (own !== undefined) throw refusal(own.path, 'it has the name of a dump in the folder of the dumps');
      const names = readdirSync(real).filter((name) => dumpFile.test(name));
      return names.map((name) => ({ path: join(real, name), free: claimOutput(join(folder, name), join(real, name)) }));
    });
    this.removeEarlier = () => {
      for (const { path, free } of earlier) {
        attempt(path, () => {
          rmSync(path, { force: true });
        });
        free();
      }
      this.removeEarlier = () => undefined;
    };
  }

  before(pass: string, module: AnyModule): void {
    this.removeEarlier();
    this.runs++;
    this.write(pass, 'before', module);
  }

  after(pass: string, module: AnyModule): void {
    this.write(pass, 'after', module);
  }

  private write(pass: string, when: 'before' | 'after', module: AnyModule): void {
    const number = String(this.runs).padStart(2, '0');
    new IrOutput(join(this.folder, `${number}-${pass}.${when}.ir`)).write(module);
  }
}

/** A module as text, with its large constants in the `.npz` beside it. */
export class IrOutput {
  private readonly text: OutputFile;
  /** None where the text goes to the standard output. */
  private readonly constants: OutputFile | undefined;

  /** Throws `HepcError` H720, as `OutputFile` does. */
  constructor(path: string) {
    this.text = new OutputFile(path);
    this.constants = path === '-' ? undefined : new OutputFile(constantsPath(path));
  }

  /** Throws `HepcError` H720. */
  write(module: AnyModule): void {
    const { text, constants } = printModule(module);
    const arrays = new Map(Array.from(constants, ([name, each]) => [name, arrayOf(each)]));
    if (constants.size > 0) this.constants?.write(writeNpz(arrays));
    this.text.write(text);
  }

  /** Writes a text whose constants are elsewhere. */
  writeText(text: string): void {
    this.text.write(text);
  }
}

/** `a.npz` beside `a.ir`. */
export function constantsPath(irPath: string): string {
  return `${irPath.replace(/\.ir$/, '')}.npz`;
}

function arrayOf({ shape, data }: Constant): NdArray {
  return data instanceof Float64Array ? { dtype: 'f8', shape, data } : { dtype: 'i4', shape, data };
}

/**
 * What may happen to a process: signals at any time, full disks, files that are not what they should be, streams that are
 * closed. A command ends with one of its exit codes, never that of a bug, says what is wrong without a stack, and leaves
 * its output as it was or whole, and nothing else. Takes about ten minutes.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { drawOf } from '../fuzz/mutate/draw.ts';
import { fuzzSeed } from '../fuzz/seed.ts';
import { type Command, prepareCommands, type Setting } from './support/commands.ts';

const entry = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
const node = [process.execPath, '--disable-warning=ExperimentalWarning', entry] as const;
const isRoot = process.getuid?.() === 0;
/** `nobody`, whom permissions stop where they do not stop root. */
const nobody = 65534;
const old = 'what was there before';
const longestRun = 120_000;

let setting: Setting;
beforeAll(async () => {
  setting = await prepareCommands();
  chmodSync(setting.folder, 0o755);
});
afterAll(() => {
  rmSync(setting.folder, { recursive: true });
});

interface End {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stderr: string;
}

interface RunOptions {
  readonly uid?: number;
  readonly onStart?: (child: ChildProcess) => void;
  /** A shell script that runs `"$@"`. */
  readonly script?: string;
}

function run(args: readonly string[], { uid, onStart, script }: RunOptions = {}): Promise<End> {
  return new Promise((resolve, reject) => {
    const [program = '', ...rest] =
      script === undefined ? [...node, ...args] : ['/bin/sh', '-c', script, 'sh', ...node, ...args];
    const child = spawn(program, rest, {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(uid !== undefined && { uid, gid: uid }),
      timeout: longestRun,
      killSignal: 'SIGKILL',
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.stdout.resume();
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve({ code, signal, stderr });
    });
    onStart?.(child);
  });
}

/** A folder for one case with a copy of the input. */
class Case {
  readonly folder: string;
  readonly command: Command;
  input: string;
  output: string;
  /** Names in the folder that are no leftovers. */
  private readonly known = new Set<string>();

  constructor(command: Command) {
    this.command = command;
    this.folder = mkdtempSync(join(setting.folder, `${command.name}-`));
    chmodSync(this.folder, 0o755);
    this.input = this.path('input');
    copyFileSync(command.input, this.input);
    this.output = this.path('output');
  }

  path(name: string): string {
    this.known.add(name);
    return join(this.folder, name);
  }

  /** Something that the command would replace. Keys are never replaced unasked. */
  placeOld(): void {
    if (this.command.isFolder !== true) writeFileSync(this.output, old);
  }

  get args(): readonly string[] {
    return this.command.args(this.input, this.output);
  }

  /** What stands in the folder that nobody put there. */
  leftovers(): string[] {
    return readdirSync(this.folder).filter((name) => !this.known.has(name));
  }

  expectUntouched(): void {
    if (this.command.isFolder === true) expect(existsSync(this.output)).toBe(false);
    else if (existsSync(this.output)) expect(readFileSync(this.output, 'utf8')).toBe(old);
  }

  /** After a signal, which may have come once all was done. */
  expectOldOrWhole(): void {
    const { output, command } = this;
    if (!existsSync(output)) return;
    if (command.isFolder === true || readFileSync(output, 'utf8') !== old) this.expectWhole();
  }

  expectWhole(): void {
    this.command.check(this.output);
  }

  /** Of every end: the codes are these, there is no stack, and nothing is left over. */
  expectEnd({ code, signal, stderr }: End, codes: readonly number[]): void {
    expect(`${code ?? signal ?? ''} ${stderr}`).not.toMatch(/internal error|\n {4}at |node:internal|Error:/);
    expect(codes, stderr).toContain(code);
    expect(this.leftovers()).toEqual([]);
    if (code === 1) expect(stderr).toMatch(/^error\[H\d{3}\]/m);
    if (code === 0) this.expectWhole();
    else this.expectUntouched();
  }
}

/** Whether its output fits where there is room for next to nothing. */
function isSmall({ name }: Command): boolean {
  return name === 'decrypt' || name === 'client-part';
}

type Fault = (each: Case) => Promise<void>;

/** A signal at any time of the run, which takes `milliseconds` when nothing happens. */
function killedBy(signal: 'SIGKILL' | 'SIGTERM' | 'SIGINT', code: number | null): Fault {
  return async (each) => {
    each.placeOld();
    const whole = new Case(each.command);
    const start = performance.now();
    await run(whole.args);
    const milliseconds = Math.ceil(performance.now() - start);
    const draw = drawOf(fuzzSeed(), `${each.command.name} ${signal}`, 0);
    for (let k = 0; k < 3; k++) {
      rmSync(each.output, { recursive: true, force: true });
      each.placeOld();
      const after = draw.below(milliseconds);
      const end = await run(each.args, {
        onStart: (child) => {
          setTimeout(() => child.kill(signal), after);
        },
      });
      if (end.code === 0) each.expectWhole();
      else if (signal === 'SIGKILL') {
        // Nobody can tidy up, but what is left says whose it is, and keys are nobody else's to read.
        each.expectOldOrWhole();
        for (const name of each.leftovers()) {
          expect(name).toMatch(/^\.hepc-.*\.tmp$/);
          if (each.command.isFolder === true) expect(statSync(join(each.folder, name)).mode & 0o077).toBe(0);
          rmSync(join(each.folder, name), { recursive: true });
        }
      } else {
        // Before Node has started the signal itself ends it.
        expect([code, null], end.stderr).toContain(end.code);
        expect(end.stderr).not.toMatch(/internal error|\n {4}at /);
        each.expectOldOrWhole();
        expect(each.leftovers()).toEqual([]);
      }
    }
  };
}

async function refusedWith(each: Case, options: RunOptions = {}): Promise<void> {
  each.expectEnd(await run(each.args, options), [1]);
}

const faults: Readonly<Record<string, Fault>> = {
  'killed at any time': killedBy('SIGKILL', null),
  'ended at any time': killedBy('SIGTERM', 143),
  'interrupted at any time': killedBy('SIGINT', 130),

  'a disk that is full': async (each) => {
    if (!isRoot) return;
    const disk = each.path('disk');
    mkdirSync(disk);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4k,mode=777', 'tmpfs', disk], { stdio: 'ignore' });
    } catch {
      // Containers may not mount; the limit of the next case does the same to one process.
      return;
    }
    try {
      each.output = join(disk, 'output');
      const end = await run(each.args);
      each.expectEnd(end, isSmall(each.command) ? [0, 1] : [1]);
      if (end.code !== 0) expect(readdirSync(disk)).toEqual([]);
    } finally {
      execFileSync('umount', [disk]);
    }
  },
  'files that may not grow': async (each) => {
    each.placeOld();
    // Of 512 bytes each.
    const end = await run(each.args, { script: 'ulimit -f 1; exec "$@"' });
    each.expectEnd(end, isSmall(each.command) ? [0, 1] : [1]);
  },
  'the full device as output': async (each) => {
    each.output = '/dev/full';
    const end = await run(each.args);
    expect(end.code, end.stderr).toBe(1);
    expect(end.stderr).toMatch(/^error\[H7\d\d\]/m);
    expect(each.leftovers()).toEqual([]);
  },
  'a folder that may not be written': async (each) => {
    const folder = each.path('closed');
    mkdirSync(folder);
    chmodSync(folder, 0o555);
    each.output = join(folder, 'output');
    await refusedWith(each, isRoot ? { uid: nobody } : {});
    expect(readdirSync(folder)).toEqual([]);
  },
  'a folder that is not there': async (each) => {
    each.output = join(each.folder, 'missing', 'output');
    if (each.command.isFolder === true) {
      // The folder of keys is made where it is missing, with those above it.
      each.path('missing');
      each.expectEnd(await run(each.args), [0]);
      return;
    }
    await refusedWith(each);
    expect(existsSync(join(each.folder, 'missing'))).toBe(false);
  },
  'a link that leads nowhere': async (each) => {
    const target = each.path('target');
    symlinkSync(target, each.output);
    const end = await run(each.args);
    if (end.code !== 0) expect(end.stderr).toMatch(/^error\[H7\d\d\]/m);
    else each.command.check(target);
    expect([0, 1]).toContain(end.code);
    if (each.command.isFolder !== true) expect(end.code, end.stderr).toBe(0);
    expect(lstatSync(each.output).isSymbolicLink()).toBe(true);
    expect(each.leftovers()).toEqual([]);
  },
  'links in a circle': async (each) => {
    const other = each.path('other');
    symlinkSync(other, each.output);
    symlinkSync(each.output, other);
    const end = await run(each.args);
    expect(end.code, end.stderr).toBe(1);
    expect(end.stderr).toMatch(/^error\[H7\d\d\]/m);
    expect(each.leftovers()).toEqual([]);
  },
  'the input as output': async (each) => {
    each.output = each.input;
    const before = readFileSync(each.input);
    const end = await run(each.args);
    expect(end.code, end.stderr).toBe(1);
    expect(before.equals(readFileSync(each.input))).toBe(true);
    expect(each.leftovers()).toEqual([]);
  },
  'the input as output by a link': async (each) => {
    symlinkSync(each.input, each.output);
    const before = readFileSync(each.input);
    const end = await run(each.args);
    expect(end.code, end.stderr).toBe(1);
    expect(before.equals(readFileSync(each.input))).toBe(true);
    expect(each.leftovers()).toEqual([]);
  },
  'closed streams': async (each) => {
    each.placeOld();
    each.expectEnd(await run(each.args, { script: 'exec "$@" <&- >&- 2>&-' }), [0]);
  },
  'a standard error on a full device': async (each) => {
    each.placeOld();
    each.expectEnd(await run(each.args, { script: 'exec "$@" 2>/dev/full' }), [0, 1]);
  },
  'a standard output that nobody reads': async (each) => {
    each.placeOld();
    each.expectEnd(await run(each.args, { script: '{ "$@"; echo $? >&3; } 3>&2 | true' }), [0]);
  },
  'names as long as there are': async (each) => {
    for (const length of [238, 250, 255]) {
      each.output = each.path('n'.repeat(length));
      each.expectEnd(await run(each.args), [0]);
      rmSync(each.output, { recursive: true });
    }
    each.output = join(each.folder, 'n'.repeat(256));
    const end = await run(each.args);
    expect(end.code, end.stderr).toBe(1);
    expect(each.leftovers()).toEqual([]);
  },
  'names with control characters': async (each) => {
    each.output = each.path('a\nb\u001b[2J\u0007');
    each.expectEnd(await run(each.args), [0]);
    rmSync(each.output, { recursive: true });
    each.input = join(each.folder, 'no\nerror[H000] such\u001b[2J');
    const end = await run(each.args);
    each.expectEnd(end, [1]);
    expect(end.stderr).not.toContain('\u001b');
    expect(end.stderr).not.toMatch(/^error\[H000\]/m);
  },
  'three at once': async (each) => {
    each.placeOld();
    const ends = await Promise.all([0, 1, 2].map(() => run(each.args)));
    for (const { code, stderr } of ends) {
      expect([0, 1], stderr).toContain(code);
      expect(stderr).not.toMatch(/internal error/);
    }
    expect(ends.some(({ code }) => code === 0)).toBe(true);
    if (each.command.isFolder === true) expect(ends.filter(({ code }) => code === 0)).toHaveLength(1);
    each.expectWhole();
    expect(each.leftovers()).toEqual([]);
  },
  'an empty input': async (each) => {
    each.placeOld();
    writeFileSync(each.input, '');
    await refusedWith(each);
  },
  'half an input': async (each) => {
    each.placeOld();
    truncateSync(each.input, Math.floor(statSync(each.input).size / 2));
    await refusedWith(each);
  },
  'a terabyte of nothing': async (each) => {
    each.placeOld();
    try {
      truncateSync(each.input, 2 ** 40);
    } catch {
      return;
    }
    await refusedWith(each);
  },
  'an input that may not be read': async (each) => {
    each.placeOld();
    chmodSync(each.input, 0);
    if (isRoot) chownSync(each.input, 0, 0);
    if (isRoot) chmodSync(each.folder, 0o777);
    await refusedWith(each, isRoot ? { uid: nobody } : {});
  },
  'a pipe as input': async (each) => {
    const file = each.input;
    each.input = each.path('pipe');
    execFileSync('mkfifo', [each.input]);
    const end = await run(each.args, { script: `cat '${file}' > '${each.input}' & exec "$@"` });
    each.expectEnd(end, [0, 1]);
  },
  'a pipe as output': async (each) => {
    if (each.command.isFolder === true) return;
    const pipe = each.path('pipe');
    execFileSync('mkfifo', [pipe]);
    const copy = each.output;
    each.output = pipe;
    const end = await run(each.args, { script: `cat '${pipe}' > '${copy}' & "$@"; code=$?; wait; exit $code` });
    expect(end.code, end.stderr).toBe(0);
    each.command.check(copy);
    expect(lstatSync(pipe).isFIFO()).toBe(true);
    expect(each.leftovers()).toEqual([]);
  },
  'a folder as input': async (each) => {
    each.placeOld();
    each.input = each.path('folder');
    mkdirSync(each.input);
    await refusedWith(each);
  },
  'an input that disappears': async (each) => {
    each.placeOld();
    const end = await run(each.args, {
      onStart: () => {
        setTimeout(() => {
          rmSync(each.input);
        }, 300);
      },
    });
    each.expectEnd(end, [0, 1]);
  },
};

const names = ['compile', 'client-part', 'keygen', 'encrypt', 'eval', 'decrypt', 'bind'];

describe.each(names)('%s', (name) => {
  test.each(Object.keys(faults))('%s', async (fault) => {
    const command = setting.commands.find((each) => each.name === name);
    if (command === undefined) throw new Error(`there is no command ${name}`);
    await faults[fault]?.(new Case(command));
  });
});

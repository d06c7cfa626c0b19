/** Outputs of commands: where they may go, and what is there whatever happens on the way. More ways at night. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileSmallModel, runCli, type SmallModel, spawnCli, temporaryFolder } from '../support/cli.ts';
import { casesOf, isNightly } from '../support/setup/suite.ts';

const entry = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');

let files: SmallModel;
beforeAll(async () => {
  files = await compileSmallModel(1);
  for (const args of [
    ['keygen', files.plan, '-o', at('keys')],
    ['encrypt', files.plan, '--keys', at('keys'), '--input', files.samples, '-o', at('in.ct')],
    ['eval', files.plan, '--keys', at('keys/eval.keys'), '--input', at('in.ct'), '-o', at('out.ct'), '-q'],
  ])
    await succeed(...args);
});
afterAll(() => {
  rmSync(files.folder, { recursive: true });
});

function at(name: string): string {
  return join(files.folder, name);
}

async function succeed(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runCli(...args);
  expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout;
}

async function refused(...args: string[]): Promise<string> {
  const { exitCode, stderr } = await runCli(...args);
  expect(exitCode).toBe(1);
  return stderr;
}

/** Runs a shell script in which `$HEPC` is the program. */
async function shell(script: string): Promise<{ exitCode: number; stderr: string }> {
  const child = spawn('bash', ['-c', script], {
    env: { ...process.env, HEPC: `${process.execPath} --disable-warning=ExperimentalWarning ${entry}` },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [exitCode] = (await once(child, 'close')) as [number];
  return { exitCode, stderr };
}

describe('names', () => {
  test('of up to 255 bytes can be written, whatever stands there', async () => {
    const folder = temporaryFolder();
    for (const length of [200, 238, 254, 255]) {
      const path = join(folder, 'n'.repeat(length));
      await succeed('client-part', files.plan, '-o', path);
      await succeed('client-part', files.plan, '-o', path);
      expect(existsSync(path)).toBe(true);
    }
    const keys = join(folder, 'k'.repeat(255));
    await succeed('keygen', files.plan, '-o', keys);
    await succeed('keygen', files.plan, '-o', keys, '--force');
    expect(readdirSync(keys).sort()).toEqual(['eval.keys', 'public.key', 'secret.key']);
    expect(readdirSync(folder)).toHaveLength(5);
  });

  test('of more are refused at once', async () => {
    const folder = temporaryFolder();
    const nowhere = join(folder, 'nowhere');
    for (const output of ['n'.repeat(256), 'ä'.repeat(128), 'n'.repeat(5000)]) {
      const error = await refused('eval', nowhere, '--keys', nowhere, '--input', nowhere, '-o', join(folder, output));
      expect(error).toContain('error[H720]');
      expect(error).toContain('its name is too long');
    }
    expect(await refused('keygen', files.plan, '-o', join(folder, 'n'.repeat(256)))).toContain('its name is too long');
  });
});

describe('an output that is an input is refused before the work, however it is written', () => {
  const spellings: Record<string, (input: string, folder: string) => string> = {
    'the same path': (input) => input,
    'a path through ..': (input, folder) => `${folder}/sub/../${input.slice(folder.length + 1)}`,
    'a symbolic link': (input, folder) => {
      symlinkSync(input, join(folder, 'symbolic'));
      return join(folder, 'symbolic');
    },
    'a link to a link': (input, folder) => {
      symlinkSync(input, join(folder, 'first'));
      symlinkSync('first', join(folder, 'second'));
      return join(folder, 'second');
    },
    'a hard link': (input, folder) => {
      linkSync(input, join(folder, 'hard'));
      return join(folder, 'hard');
    },
    'a folder that is a link': (input, folder) => {
      symlinkSync('.', join(folder, 'here'));
      return join(folder, 'here', input.slice(folder.length + 1));
    },
  };
  const originals = ['dense.onnx', 'dense.hep', 'x.npy', 'in.ct', 'out.ct'];
  const commands: Record<string, { readonly inputs: readonly string[]; readonly args: readonly string[] }> = {
    compile: {
      inputs: ['dense.onnx', 'x.npy'],
      args: ['compile', 'dense.onnx', '--calibrate', 'x.npy', '-q', '-o'],
    },
    prune: {
      inputs: ['dense.onnx', 'x.npy'],
      args: ['prune', 'dense.onnx', '--data', 'x.npy', '--scheme', 'P2', '--sparsity', '0.5', '-q', '-o'],
    },
    'client-part': { inputs: ['dense.hep'], args: ['client-part', 'dense.hep', '-o'] },
    encrypt: {
      inputs: ['dense.hep', 'x.npy', 'keys/secret.key'],
      args: ['encrypt', 'dense.hep', '--keys', 'keys', '--input', 'x.npy', '-o'],
    },
    eval: {
      inputs: ['dense.hep', 'in.ct', 'keys/eval.keys'],
      args: ['eval', 'dense.hep', '--keys', 'keys/eval.keys', '--input', 'in.ct', '-q', '-o'],
    },
    decrypt: {
      inputs: ['dense.hep', 'out.ct', 'keys/secret.key'],
      args: ['decrypt', 'dense.hep', '--keys', 'keys', '--input', 'out.ct', '-o'],
    },
    run: { inputs: ['dense.hep', 'x.npy'], args: ['run', 'dense.hep', '--input', 'x.npy', '-q', '-o'] },
    inspect: { inputs: ['dense.hep'], args: ['inspect', 'dense.hep', '--html'] },
  };
  // All spellings for one command, one for the others.
  const cases = Object.entries(commands).flatMap(([command, { inputs }]) =>
    inputs.flatMap((input) =>
      (command === 'encrypt' ? Object.keys(spellings) : ['a hard link']).map((spelling) => ({
        command,
        input,
        spelling,
      })),
    ),
  );

  test.each(cases)('$command: $input as $spelling', async ({ command, input, spelling }) => {
    const folder = temporaryFolder();
    for (const name of originals) copyFileSync(at(name), join(folder, name));
    mkdirSync(join(folder, 'keys'));
    mkdirSync(join(folder, 'sub'));
    for (const name of ['secret.key', 'eval.keys']) copyFileSync(at(`keys/${name}`), join(folder, 'keys', name));
    const output = spellings[spelling]?.(join(folder, input), folder) ?? '';
    const args = (commands[command]?.args ?? []).map((arg) =>
      arg === 'keys' || arg.includes('/') || originals.includes(arg) ? join(folder, arg) : arg,
    );
    const before = readFileSync(join(folder, input));
    const error = await refused(...args, output);
    expect(error).toContain(`error[H720] ${output}`);
    expect(error).toContain('it is an input of this command');
    expect(readFileSync(join(folder, input)).equals(before)).toBe(true);
  });

  test('a dump of the IR', async () => {
    const folder = temporaryFolder();
    const samples = join(folder, '01-dead-nodes.before.npz');
    copyFileSync(files.samples, samples);
    const args = ['compile', files.model, '--calibrate', samples, '-q', '-o', join(folder, 'p.hep')];
    expect(await refused(...args, '--dump-ir', folder)).toContain('it is an input of this command');
    expect(readFileSync(samples).equals(readFileSync(files.samples))).toBe(true);
  });

  test('the standard output', async () => {
    const folder = temporaryFolder();
    const plan = join(folder, 'p.hep');
    copyFileSync(files.plan, plan);
    const { exitCode, stderr } = await shell(`$HEPC inspect ${plan} >> ${plan}`);
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining('H720') as string });
    expect(readFileSync(plan).equals(readFileSync(files.plan))).toBe(true);
  });
});

describe('two outputs that are one file are refused', () => {
  test('a pruned model and its picture', async () => {
    const folder = temporaryFolder();
    symlinkSync('new.onnx', join(folder, 'link'));
    const args = ['prune', at('missing.onnx'), '--data', files.samples, '--scheme', 'P2', '--sparsity', '0.5', '-q'];
    const both = ['-o', join(folder, 'new.onnx'), '--picture', join(folder, 'link')];
    expect(await refused(...args, ...both)).toContain('it is another output of this command');
  });

  test('a plan and a dump', async () => {
    const folder = temporaryFolder();
    const args = ['compile', at('missing.onnx'), '-q', '-o', join(folder, '01-dead-nodes.before.ir')];
    expect(await refused(...args, '--dump-ir', folder)).toContain('it has the name of a dump');
  });

  test('a file and the standard output', async () => {
    const path = join(temporaryFolder(), 'client.hep');
    const { exitCode, stderr } = await shell(`$HEPC client-part ${files.plan} -o ${path} > ${path}`);
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining('goes there, too') as string });
  });
});

describe('outputs that are no plain files', () => {
  test('a link whose target is not there yet stays, and the target is made', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'elsewhere'));
    symlinkSync('elsewhere/client.hep', join(folder, 'link'));
    for (let round = 0; round < 2; round++) {
      await succeed('client-part', files.plan, '-o', join(folder, 'link'));
      expect(readlinkSync(join(folder, 'link'))).toBe('elsewhere/client.hep');
      expect(lstatSync(join(folder, 'elsewhere', 'client.hep')).isFile()).toBe(true);
      expect(readdirSync(join(folder, 'elsewhere'))).toEqual(['client.hep']);
    }
    symlinkSync('nowhere/client.hep', join(folder, 'lost'));
    expect(await refused('client-part', files.plan, '-o', join(folder, 'lost'))).toContain('does not exist');
    expect(lstatSync(join(folder, 'lost')).isSymbolicLink()).toBe(true);
  });

  test('a link relative to a folder that is a link leads where the system says', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'deep', 'real'), { recursive: true });
    symlinkSync('deep/real', join(folder, 'short'));
    symlinkSync('../client.hep', join(folder, 'short', 'link'));
    await succeed('client-part', files.plan, '-o', join(folder, 'short', 'link'));
    expect(existsSync(join(folder, 'deep', 'client.hep'))).toBe(true);
    expect(existsSync(join(folder, 'client.hep'))).toBe(false);
  });

  test('the standard output carries the content alone, as pipe and as file', async () => {
    const folder = temporaryFolder();
    await succeed('client-part', files.plan, '-o', join(folder, 'expected'));
    const script = `cd ${folder}; $HEPC client-part ${files.plan} -o /dev/stdout | cat > piped && echo -n before > added && $HEPC client-part ${files.plan} -o /dev/stdout >> added`;
    expect((await shell(script)).exitCode).toBe(0);
    const expected = readFileSync(join(folder, 'expected'));
    expect(readFileSync(join(folder, 'piped')).equals(expected)).toBe(true);
    expect(readFileSync(join(folder, 'added')).equals(Buffer.concat([Buffer.from('before'), expected]))).toBe(true);
    if (!isNightly) return;
    const encrypt = `$HEPC encrypt ${files.plan} --keys ${at('keys')} --input ${files.samples} -o /dev/stdout`;
    const { exitCode, stderr } = await shell(`cd ${folder}; ${encrypt} > in.ct`);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringContaining('8 samples') as string });
    const evaluate = ['--keys', at('keys/eval.keys'), '--input', join(folder, 'in.ct'), '-o', '/dev/null', '-q'];
    await succeed('eval', files.plan, ...evaluate);
  });

  test('a named pipe', async () => {
    const folder = temporaryFolder();
    await succeed('client-part', files.plan, '-o', join(folder, 'expected'));
    const script = `cd ${folder}; mkfifo pipe; cat pipe > got & $HEPC client-part ${files.plan} -o pipe; code=$?; wait; exit $code`;
    expect((await shell(script)).exitCode).toBe(0);
    expect(readFileSync(join(folder, 'got')).equals(readFileSync(join(folder, 'expected')))).toBe(true);
    expect(lstatSync(join(folder, 'pipe')).isFIFO()).toBe(true);
  });
});

describe.skipIf(!existsSync('/dev/full'))('standard streams that take nothing', () => {
  const atNight = [
    ['a closed standard error', '2>&-', 0],
    ['a standard error whose reader is gone', '2> >(true)', 0],
    ['a closed standard output', '>&-', 0],
    ['both full', '> /dev/full 2>&1', 1],
  ] as const;
  test.each([
    ['a full standard error', '2> /dev/full', 0],
    ['a full standard output', '> /dev/full', 1],
    ...(isNightly ? atNight : []),
  ] as const)('%s: files are kept, and the exit code says how it went', async (_, redirection, exitCode) => {
    const folder = temporaryFolder();
    const output = join(folder, 'y.npy');
    const command = `$HEPC run ${files.plan} --input ${files.samples} --engine clear -o ${output} --json`;
    const result = await shell(`${command} ${redirection}`);
    expect(result.exitCode).toBe(exitCode);
    expect(result.stderr).not.toMatch(/internal error|\n {4}at /);
    expect(readdirSync(folder)).toEqual(['y.npy']);
  });

  test('a failure is one, though nobody can read why', async () => {
    for (const redirection of ['2> /dev/full', ...(isNightly ? ['2>&-', '2> >(true)'] : [])]) {
      expect((await shell(`$HEPC inspect ${at('missing')} ${redirection}`)).exitCode).toBe(1);
      expect((await shell(`$HEPC inspct ${redirection}`)).exitCode).toBe(2);
    }
  });
});

/** For a shell: files end at 4 KiB, and Node does not try to keep compiled code, which would end it. */
const smallFiles = 'ulimit -f 8; NODE_DISABLE_COMPILE_CACHE=1';

describe('a disk that is full', () => {
  test('leaves nothing of a set of keys, and of another output what was there', async () => {
    const folder = temporaryFolder();
    const keys = await shell(`${smallFiles} $HEPC keygen ${files.plan} -o ${folder}/keys`);
    expect(keys).toEqual({ exitCode: 1, stderr: expect.stringContaining('error[H720]') as string });
    expect(readdirSync(folder)).toEqual([]);
    mkdirSync(join(folder, 'keys'));
    if (isNightly) {
      const again = await shell(`${smallFiles} $HEPC keygen ${files.plan} -o ${folder}/keys`);
      expect(again).toEqual({ exitCode: 1, stderr: expect.stringContaining('error[H720]') as string });
      expect(readdirSync(join(folder, 'keys'))).toEqual([]);
    }
    writeFileSync(join(folder, 'in.ct'), 'before');
    const encrypt = `encrypt ${files.plan} --keys ${at('keys')} --input ${files.samples} -o ${folder}/in.ct`;
    const late = await shell(`${smallFiles} $HEPC ${encrypt}`);
    expect(late).toEqual({ exitCode: 1, stderr: expect.stringContaining('error[H720]') as string });
    expect(readdirSync(folder).sort()).toEqual(['in.ct', 'keys']);
    expect(readFileSync(join(folder, 'in.ct'), 'utf8')).toBe('before');
  });
});

describe('keys', () => {
  const complete = ['eval.keys', 'public.key', 'secret.key'];

  /** The identities that the files of a set name in their headers. */
  function keyIds(folder: string): Set<string | undefined> {
    return new Set(
      complete.map((name) => /"key":"([0-9a-f]{64})"/.exec(readFileSync(join(folder, name), 'latin1'))?.[1]),
    );
  }

  const places: readonly (readonly [string, boolean, readonly string[]])[] = [
    ['to a new folder', false, []],
    ['to a folder that is there', true, []],
    ['over others', true, ['--force']],
  ];
  const count = casesOf({ normal: 1, nightly: 3 });

  test.each(places.slice(0, count))('of several runs at once %s are those of one run', async (_, isThere, options) => {
    const folder = join(temporaryFolder(), 'keys');
    if (isThere) mkdirSync(folder);
    if (options.length > 0) await succeed('keygen', files.plan, '-o', folder);
    const runs = await Promise.all(
      [1, 2, 3].map(() => spawnCli(['keygen', files.plan, '-o', folder, '-q', ...options])),
    );
    const won = runs.filter(({ exitCode }) => exitCode === 0).length;
    if (options.length === 0) expect(won).toBe(1);
    expect(won).toBeGreaterThan(0);
    for (const { exitCode, stderr } of runs) if (exitCode !== 0) expect(stderr).toMatch(/^error\[H72[12]\]/);
    expect(readdirSync(folder).sort()).toEqual(complete);
    expect(keyIds(folder).size).toBe(1);
    expect(readdirSync(join(folder, '..'))).toEqual(['keys']);
  });

  test.each(places.slice(0, Math.min(2, count)))(
    'of a run that is killed %s are there as a whole or not at all',
    async (_, isThere) => {
      const parent = temporaryFolder();
      const folder = join(parent, 'keys');
      for (let round = 0; round < Math.min(2, count); round++) {
        rmSync(folder, { recursive: true, force: true });
        if (isThere) mkdirSync(folder);
        const child = spawn(
          process.execPath,
          ['--disable-warning=ExperimentalWarning', entry, 'keygen', files.plan, '-o', folder],
          { stdio: 'ignore' },
        );
        const ended = once(child, 'close');
        // From when its first file is seen on, a little later each time.
        const seen = () => readdirSync(isThere ? folder : parent).some((name) => name.startsWith('.hepc-'));
        while (!seen() && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 1));
        await new Promise((resolve) => setTimeout(resolve, 24 * round));
        child.kill('SIGKILL');
        await ended;
        const found = existsSync(folder) ? readdirSync(folder).filter((name) => !name.startsWith('.')) : [];
        if (found.length > 0) expect(found.sort()).toEqual(complete);
        await succeed('keygen', files.plan, '-o', folder, '--force');
        expect(readdirSync(folder).sort()).toEqual(complete);
        expect(keyIds(folder).size).toBe(1);
        expect(readdirSync(parent)).toEqual(['keys']);
      }
    },
  );

  test('of any kind are not overwritten', async () => {
    for (const name of complete) {
      const folder = temporaryFolder();
      writeFileSync(join(folder, name), 'mine');
      expect(await refused('keygen', files.plan, '-o', folder)).toContain(
        `error[H721] ${folder}: the folder already has keys: ${name}`,
      );
      expect(readdirSync(folder)).toEqual([name]);
    }
  });

  test('go where a link to a folder leads, and not over links', async () => {
    const folder = temporaryFolder();
    symlinkSync('real', join(folder, 'link'));
    await succeed('keygen', files.plan, '-o', join(folder, 'link'));
    expect(readdirSync(join(folder, 'real')).sort()).toEqual(complete);
    const other = join(folder, 'other');
    mkdirSync(other);
    symlinkSync('../real/secret.key', join(other, 'secret.key'));
    expect(await refused('keygen', files.plan, '-o', other, '--force')).toContain('it is a link');
    expect(readdirSync(other)).toEqual(['secret.key']);
  });
});

test('what killed runs have left beside an output is removed by the next one', async () => {
  const folder = temporaryFolder();
  const script = 'const { temporaryName } = await import(process.argv[1]); console.log(temporaryName());';
  const module = join(import.meta.dirname, '..', '..', 'cli', 'files', 'temporary-files.ts');
  const name = () =>
    execFileSync(process.execPath, ['--input-type=module', '-e', script, module], { encoding: 'utf8' }).trim();
  writeFileSync(join(folder, name()), 'secret');
  mkdirSync(join(folder, name()));
  await succeed('client-part', files.plan, '-o', join(folder, 'client.hep'));
  expect(readdirSync(folder)).toEqual(['client.hep']);
});

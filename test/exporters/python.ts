/**
 * The Python that has the libraries of `requirements.txt`: `HEPC_PYTHON` if that is set, otherwise a virtual environment in
 * `.exporters/` that is made from the `python3` of the machine when it is first needed, which takes a minute and a network.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const requirementsFile = join(import.meta.dirname, 'requirements.txt');

/** What the programs of this folder make and keep; git ignores it. */
export const cacheFolder = join(import.meta.dirname, '..', '..', '.exporters');

/**
 * Runs a Python program; its output goes to stderr, for stdout is the caller's. Throws where there is no Python, its package
 * index cannot be reached, or the program fails.
 */
export function runPython(program: string, args: readonly string[]): void {
  const given = process.env['HEPC_PYTHON'];
  execFileSync(given === undefined || given === '' ? virtualEnvironment() : given, [program, ...args], {
    stdio: ['ignore', process.stderr, 'inherit'],
  });
}

function virtualEnvironment(): string {
  const folder = join(cacheFolder, 'venv');
  const python = join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  const installedFile = join(folder, 'installed.txt');
  const wanted = readFileSync(requirementsFile, 'utf8');
  if (existsSync(installedFile) && readFileSync(installedFile, 'utf8') === wanted) return python;
  mkdirSync(cacheFolder, { recursive: true });
  const run = (program: string, ...args: string[]): void => {
    execFileSync(program, args, { stdio: ['ignore', process.stderr, 'inherit'] });
  };
  run('python3', '-m', 'venv', folder);
  run(python, '-m', 'pip', 'install', '--quiet', '--requirement', requirementsFile);
  writeFileSync(installedFile, wanted);
  return python;
}

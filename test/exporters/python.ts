/**
 * The Python that has the libraries of `requirements.txt`: `HEPC_PYTHON` if that is set, otherwise a virtual environment in
 * `.exporters/` that is made from the `python3` of the machine when it is first needed, which takes a minute and a network.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const requirementsFile = join(import.meta.dirname, 'requirements.txt');

/** What the programs of this folder make and keep; git ignores it. */
const cacheFolder = join(import.meta.dirname, '..', '..', '.exporters');

/**
 * The folder that a Python program fills, which is its only argument, and which is kept until the program or the libraries
 * change. Throws where there is no Python, its package index cannot be reached, or the program fails.
 */
export function filledBy(program: string): string {
  const folder = join(cacheFolder, basename(dirname(program)));
  const results = join(folder, 'results');
  const recipeFile = join(folder, 'recipe.txt');
  const recipe = `${readFileSync(requirementsFile, 'utf8')}\n${readFileSync(program, 'utf8')}`;
  if (existsSync(recipeFile) && readFileSync(recipeFile, 'utf8') === recipe) return results;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(results, { recursive: true });
  const given = process.env['HEPC_PYTHON'];
  runLoudly(given === undefined || given === '' ? virtualEnvironment() : given, program, results);
  writeFileSync(recipeFile, recipe);
  return results;
}

/** What a program prints goes to stderr, for stdout is the caller's. */
function runLoudly(program: string, ...args: readonly string[]): void {
  execFileSync(program, args, { stdio: ['ignore', process.stderr, 'inherit'] });
}

function virtualEnvironment(): string {
  const folder = join(cacheFolder, 'venv');
  const python = join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  const installedFile = join(folder, 'installed.txt');
  const wanted = readFileSync(requirementsFile, 'utf8');
  if (existsSync(installedFile) && readFileSync(installedFile, 'utf8') === wanted) return python;
  mkdirSync(cacheFolder, { recursive: true });
  runLoudly('python3', '-m', 'venv', folder);
  runLoudly(python, '-m', 'pip', 'install', '--quiet', '--requirement', requirementsFile);
  writeFileSync(installedFile, wanted);
  return python;
}

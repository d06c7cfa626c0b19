/**
 * Runs a program of this repository on Node 24, from any Node since 20 and from a clone without node_modules.
 *
 *   node scripts/launch.mjs [--in-callers-directory] PROGRAM [ARGUMENT...]
 *
 * PROGRAM is a path from the repository's root, and runs there, or with --in-callers-directory where the user called
 * npm. Locked dependencies that are missing are installed first, and kernels whose sources changed are compiled. Arguments, stdio, signals and the exit code are the
 * program's own. Plain JavaScript without dependencies: it runs before anything is installed.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildKernels } from './build-kernels.mjs';
import { runChild } from './child-process.mjs';
import { install, isInstalled } from './locked-dependencies.mjs';
import { findNode24 } from './node24.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Early versions warn of type stripping at every start. */
const nodeOptions = ['--disable-warning=ExperimentalWarning'];

/** Where Node keeps sources whose types are stripped, and compiled. */
const compileCache = join(root, 'node_modules', '.cache', 'hepc');

/**
 * @param {readonly string[]} args
 * @returns {Promise<number>} the exit code
 */
async function launch(args) {
  const inCallersDirectory = args[0] === '--in-callers-directory';
  const [program, ...programArgs] = inCallersDirectory ? args.slice(1) : args;
  if (program === undefined)
    return fail('usage: node scripts/launch.mjs [--in-callers-directory] PROGRAM [ARGUMENT...]');

  if (!isInstalled(root)) {
    process.stderr.write('hepc: installing the locked dependencies (npm ci); this happens once and takes a minute\n');
    const code = await install(root);
    if (code !== 0) return code;
  }
  const node = findNode24(root);
  if (node === undefined) {
    return fail(
      `hepc needs Node 24.15 or newer, found ${process.version}, and npm has none for ${process.platform} ${process.arch}: install one and run the command again`,
    );
  }
  const built = await buildKernels(root, node);
  if (built !== 0) return built;
  const cwd = (inCallersDirectory ? process.env['INIT_CWD'] : undefined) ?? root;
  // Of the command line, whose start is most of what a short command takes.
  const env = inCallersDirectory ? { NODE_COMPILE_CACHE: compileCache, ...process.env } : process.env;
  return runChild(node, [...nodeOptions, join(root, program), ...programArgs], { cwd, env });
}

/** @param {string} message */
function fail(message) {
  process.stderr.write(`${message}\n`);
  return 1;
}

process.exitCode = await launch(process.argv.slice(2));

/** Finds the Node that tools/node24 installs: 24, or newer where npm has no 24 that runs SEAL. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** @typedef {{ os: string, cpu: string, bin: { node: string } }} NodePackage */

/**
 * @param {string} root the repository's root
 * @returns {string | undefined} the executable of the installed Node package that fits this machine, else the running
 *   Node if it is 24.15 or newer, else undefined
 */
export function findNode24(root) {
  const workspace = join(root, 'tools', 'node24', 'package.json');
  const require = createRequire(workspace);
  const { optionalDependencies } = /** @type {{ optionalDependencies: Record<string, string> }} */ (
    readJson(workspace)
  );
  for (const name of Object.keys(optionalDependencies)) {
    const manifestPath = resolveOrUndefined(require, `${name}/package.json`);
    if (manifestPath === undefined) continue;
    const { os, cpu, bin } = /** @type {NodePackage} */ (readJson(manifestPath));
    if (os === process.platform && cpu === process.arch) return join(dirname(manifestPath), bin.node);
  }
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > 24 || (major === 24 && minor >= 15) ? process.execPath : undefined;
}

/**
 * @param {NodeJS.Require} require
 * @param {string} id
 */
function resolveOrUndefined(require, id) {
  try {
    return require.resolve(id);
  } catch {
    return undefined;
  }
}

/**
 * @param {string} path
 * @returns {unknown}
 */
function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

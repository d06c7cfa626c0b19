/**
 * Whether node_modules holds what package-lock.json locks, and the command that makes it so.
 *
 * npm writes node_modules/.package-lock.json as the last step of an install and `npm ci` deletes it first, so an
 * interrupted install leaves none. Contents are compared, not times: a checkout touches the lock without changing it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { runChild } from './child-process.mjs';

/**
 * @typedef {object} LockEntry
 * @property {string} [version]
 * @property {string} [integrity]
 * @property {boolean} [link]
 * @property {boolean} [optional]
 * @property {string | string[]} [os]
 * @property {string | string[]} [cpu]
 * @property {string | string[]} [libc]
 */

/**
 * @param {string} root the repository's root
 * @returns {boolean}
 */
export function isInstalled(root) {
  const locked = readLock(join(root, 'package-lock.json'));
  const installed = readLock(join(root, 'node_modules', '.package-lock.json'));
  if (locked === undefined) throw new Error(`${root} has no package-lock.json: this is not a complete checkout`);
  if (installed === undefined) return false;
  return Object.entries(locked).every(([path, entry]) => {
    if (!path.includes('node_modules/') || entry.link === true) return true;
    const found = installed[path];
    if (found === undefined) return !isNeededHere(entry);
    const same = found.version === entry.version && found.integrity === entry.integrity;
    return same && existsSync(join(root, path));
  });
}

/**
 * Runs `npm ci`, all of whose output goes to stderr.
 *
 * @param {string} root
 * @returns {Promise<number>} npm's exit code
 */
export function install(root) {
  const { npm_execpath: npmFile, npm_node_execpath: npmNode } = process.env;
  const args = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  /** @type {import('node:child_process').StdioOptions} */
  const stdio = ['ignore', 2, 2];
  if (npmFile !== undefined && basename(npmFile).startsWith('npm-cli')) {
    return runChild(npmNode ?? process.execPath, [npmFile, ...args], { cwd: root, stdio });
  }
  return runChild('npm', args, { cwd: root, stdio, shell: process.platform === 'win32' });
}

/**
 * An optional package may be absent, unless it names this very platform. Those that name a libc are left to npm.
 *
 * @param {LockEntry} entry
 */
function isNeededHere({ optional, os, cpu, libc }) {
  if (optional !== true) return true;
  if (os === undefined || cpu === undefined || libc !== undefined) return false;
  return [os].flat().includes(process.platform) && [cpu].flat().includes(process.arch);
}

/**
 * @param {string} path
 * @returns {Record<string, LockEntry> | undefined} undefined if there is no such file
 */
function readLock(path) {
  try {
    /** @type {unknown} */
    const lock = JSON.parse(readFileSync(path, 'utf8'));
    return /** @type {{ packages: Record<string, LockEntry> }} */ (lock).packages;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

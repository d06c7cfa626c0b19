/** Child processes that behave, towards terminals and callers, as if they were this process. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/** A terminal sends these to its whole foreground group, so a child that shares ours has them already. */
const fromTerminal = /** @type {const} */ (['SIGINT', 'SIGHUP']);

const onTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;

/**
 * Runs a program to its end. Signals meant to stop this process reach the child instead, once each, and the child
 * decides what they do.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {Pick<import('node:child_process').SpawnOptions, 'cwd' | 'env' | 'stdio' | 'shell'>} [options] stdio is inherited
 *   unless told otherwise
 * @returns {Promise<number>} its exit code, or 128 plus the number of the signal that ended it; rejects if the program
 *   cannot be started
 */
export function runChild(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit', ...options });
    const forward = (/** @type {NodeJS.Signals} */ signal) => {
      child.kill(signal);
    };
    const leaveToTerminal = () => undefined;
    for (const signal of fromTerminal) process.on(signal, onTerminal ? leaveToTerminal : forward);
    process.on('SIGTERM', forward);
    const stopListening = () => {
      for (const signal of fromTerminal) process.off(signal, onTerminal ? leaveToTerminal : forward);
      process.off('SIGTERM', forward);
    };
    child.once('error', (error) => {
      stopListening();
      reject(error);
    });
    child.once('exit', (code, signal) => {
      stopListening();
      resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]);
    });
  });
}

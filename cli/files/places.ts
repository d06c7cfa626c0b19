/**
 * Which files a command reads and writes, so that no output takes the place of an input or of another output. Whichever
 * of two comes second is refused where it is announced or opened, which is before the work. Two paths are one file where
 * they lead to the same place, through whatever links, or to the same content (hard links).
 */
import { fstatSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { refusal } from './system-errors.ts';

interface Claim {
  /** As the user wrote it. */
  readonly path: string;
  /** Where that leads. */
  readonly target: string;
  readonly keys: readonly string[];
}

const inputs: Claim[] = [];
const outputs: Claim[] = [];
let standardOutputIsTaken = false;
let standardInputIsTaken = false;

/** Called where a command begins. */
export function forgetPlaces(): void {
  inputs.length = 0;
  outputs.length = 0;
  standardOutputIsTaken = false;
  standardInputIsTaken = false;
}

/** Announces the regular file at `real`, where `path` leads, as an input. Throws `HepcError` H720 where it is an output. */
export function claimInput(path: string, real: string): void {
  const claim = { path, target: real, keys: keysOf(real) };
  const output = outputs.find((other) => meet(other, claim));
  if (output !== undefined) throw refusal(output.path, 'it is an input of this command');
  if (keysOfStandardOutput().some((key) => claim.keys.includes(key)))
    throw refusal('the standard output', `it goes to ${path}, an input of this command`);
  inputs.push(claim);
}

/**
 * Announces an output at `target`, where `path` leads; what is returned takes that back. Throws `HepcError` H720 where it
 * is an input or another output.
 */
export function claimOutput(path: string, target: string): () => void {
  const claim = { path, target, keys: keysOf(target) };
  refuseInput(path, target);
  if (outputs.some((other) => meet(other, claim))) throw refusal(path, 'it is another output of this command, too');
  if (keysOfStandardOutput().some((key) => claim.keys.includes(key)))
    throw refusal(path, 'the standard output of this command goes there, too');
  outputs.push(claim);
  return () => {
    outputs.splice(outputs.indexOf(claim), 1);
  };
}

/** The outputs that are announced in the folder at `real`, by name. */
export function outputsIn(real: string): readonly { readonly path: string; readonly name: string }[] {
  return outputs.flatMap(({ path, target }) => (dirname(target) === real ? [{ path, name: basename(target) }] : []));
}

/** Throws `HepcError` H720 where `target`, to which `path` leads by now, is an input. */
export function refuseInput(path: string, target: string): void {
  const claim = { path, target, keys: keysOf(target) };
  if (inputs.some((input) => meet(input, claim))) throw refusal(path, 'it is an input of this command');
}

/** False where an input is the standard input already. */
export function claimStandardInput(): boolean {
  const isFree = !standardInputIsTaken;
  standardInputIsTaken = true;
  return isFree;
}

/** Says that the standard output carries the content of an output, and so nothing else. */
export function takeStandardOutput(): void {
  standardOutputIsTaken = true;
}

export function isStandardOutputTaken(): boolean {
  return standardOutputIsTaken;
}

function meet(a: Claim, b: Claim): boolean {
  return a.keys.some((key) => b.keys.includes(key));
}

/** By content, where the file is there, and by place. */
function keysOf(target: string): string[] {
  const stat = statSync(target, { throwIfNoEntry: false, bigint: true });
  const folder = statSync(dirname(target), { throwIfNoEntry: false, bigint: true });
  return [
    ...(stat === undefined ? [] : [`file ${stat.dev} ${stat.ino}`]),
    folder === undefined ? `path ${target}` : `entry ${folder.dev} ${folder.ino} ${basename(target)}`,
  ];
}

/** Of the file that the standard output was redirected to; of a terminal, a pipe or a device none. */
function keysOfStandardOutput(): string[] {
  try {
    const stat = fstatSync(1, { bigint: true });
    return stat.isFile() ? [`file ${stat.dev} ${stat.ino}`] : [];
  } catch {
    // It is closed.
    return [];
  }
}

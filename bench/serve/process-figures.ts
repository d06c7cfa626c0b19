/** What a service takes of the machine, as Linux tells it: its own process, and the one that evaluates for it. */
import { readFileSync } from 'node:fs';

export interface ProcessPair {
  readonly server: number;
  readonly evaluator: number;
}

/** Bytes of physical memory. */
export function residentBytes(pid: number): ProcessPair {
  return ofBoth(pid, residentOf);
}

/** Processor time until now, in milliseconds. */
export function cpuMilliseconds(pid: number): ProcessPair {
  return ofBoth(pid, cpuOf);
}

function ofBoth(pid: number, of: (pid: number) => number): ProcessPair {
  return { server: of(pid), evaluator: childrenOf(pid).reduce((sum, child) => sum + of(child), 0) };
}

/** In ticks of 10 ms. */
function cpuOf(pid: number): number {
  const fields = read(`/proc/${pid}/stat`).split(') ')[1]?.split(' ') ?? [];
  return 10 * (Number(fields[11] ?? 0) + Number(fields[12] ?? 0));
}

function childrenOf(pid: number): number[] {
  return read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
}

function residentOf(pid: number): number {
  return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);
}

/** Empty where the process has ended. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

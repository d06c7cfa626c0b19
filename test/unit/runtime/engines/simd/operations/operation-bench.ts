/** The SIMD engine's operations on values of SEAL in a memory of their own, by one member or by a team of workers. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { allPrimes, type Parameters } from '../../../../../../ir/parameters.ts';
import {
  contextBytes,
  fillContext,
  openContext,
  type SimdContext,
} from '../../../../../../runtime/rns/memory/context.ts';
import {
  keyBlock,
  keyBytes,
  type KeyPlace,
  keyStride,
  limbAt,
  placeKey,
  type Value,
  valueBytes,
} from '../../../../../../runtime/rns/memory/layout.ts';
import { compileKernels, createMemory, instantiate, pageBytes } from '../../../../../../runtime/rns/kernels/module.ts';
import {
  Operations,
  type RotationKey,
  workspaceBytes,
} from '../../../../../../runtime/engines/simd/operations/operations.ts';
import { teamBytes, teamWords } from '../../../../../../runtime/engines/simd/session/shared-team.ts';
import { alone } from '../../../../../../runtime/rns/team.ts';
import { leave } from '../../../../../support/leave.ts';
import { limbView } from '../../../../../support/simd.ts';
import type { MemberProtocol } from './operation-member.ts';
import { runStep, type Step } from './operation-steps.ts';
import type { Residues } from '../seal-reference.ts';

/** Largest team that a bench can run. */
const members = 3;

export class OperationBench {
  readonly context: SimdContext;
  private readonly module: WebAssembly.Module;
  private readonly memory: WebAssembly.Memory;
  private readonly workspace: number;
  private readonly teamAt: number;
  private end = pageBytes;

  /** @param bytes for values and keys */
  static async open(parameters: Parameters, bytes: number): Promise<OperationBench> {
    return new OperationBench(await compileKernels(), parameters, bytes);
  }

  private constructor(module: WebAssembly.Module, parameters: Parameters, bytes: number) {
    const own = contextBytes(parameters) + workspaceBytes(parameters, members) + teamBytes;
    this.memory = createMemory(2 * pageBytes + own + bytes);
    this.module = module;
    const address = this.take(contextBytes(parameters));
    this.context = openContext(instantiate(module, this.memory), this.memory, parameters, address);
    fillContext(this.context);
    this.workspace = this.take(workspaceBytes(parameters, members));
    this.teamAt = this.take(teamBytes);
  }

  /** The address of fresh memory. */
  take(bytes: number): number {
    const address = this.end;
    this.end += 64 * Math.ceil(bytes / 64);
    if (this.end > this.memory.buffer.byteLength) throw new Error('the bench is full');
    return address;
  }

  value(level: number, size: number): Value {
    return { address: this.take(valueBytes(this.context.n, level, size)), level, size };
  }

  put({ residues, level, size }: Residues): Value {
    const value = this.value(level, size);
    const { n } = this.context;
    for (let poly = 0; poly < size; poly++) {
      for (let j = 0; j <= level; j++) {
        const from = (poly * (level + 1) + j) * n;
        limbView(this.context.memory, limbAt(value, n, poly, j), n).set(
          this.balance(residues.subarray(from, from + n), j),
        );
      }
    }
    return value;
  }

  /** The residues of a value, in [0, q). */
  get(value: Value): BigUint64Array {
    const { n, memory, parameters } = this.context;
    const residues = new BigUint64Array(value.size * (value.level + 1) * n);
    for (let poly = 0, at = 0; poly < value.size; poly++) {
      for (let j = 0; j <= value.level; j++) {
        const q = parameters.primes[j] ?? 0;
        for (const x of limbView(memory, limbAt(value, n, poly, j), n)) residues[at++] = BigInt(x < 0 ? x + q : x);
      }
    }
    return residues;
  }

  /** A key good up to a level. */
  putKey(digits: readonly Residues[], level: number): KeyPlace {
    const { n, memory, parameters } = this.context;
    const key = placeKey(parameters, level, this.take(keyBytes(parameters, level)));
    const special = parameters.primes.length;
    const all = new Float64Array(memory.buffer);
    for (const [digit, { residues }] of digits.slice(0, level + 1).entries()) {
      for (const poly of [0, 1]) {
        for (let k = 0; k <= level + 1; k++) {
          const prime = k <= level ? k : special;
          const from = (poly * (special + 1) + prime) * n;
          const block = keyBlock(key, n, k) + 32 * digit + 16 * poly;
          for (const [i, x] of this.balance(residues.subarray(from, from + n), prime).entries())
            all[(block + (i >> 1) * keyStride(key)) / 8 + (i & 1)] = x;
        }
      }
    }
    return key;
  }

  rotationKey(digits: readonly Residues[], step: number, level: number): RotationKey {
    const { kernels, n } = this.context;
    const permutation = this.take(2 * n);
    let element = 1;
    for (let k = 0; k < step; k++) element = (3 * element) % (2 * n);
    kernels.fillPermutation(permutation, element, n);
    return { key: this.putKey(digits, level), permutation };
  }

  operations(): Operations {
    return new Operations(this.context, alone, this.workspace);
  }

  run(steps: readonly Step[]): void {
    const operations = this.operations();
    for (const step of steps) runStep(operations, step);
  }

  /** As `run`, by `size` workers. */
  async runTeam(size: number, steps: readonly Step[]): Promise<void> {
    const { memory, parameters, primes } = this.context;
    const { buffer } = memory as { readonly buffer: ArrayBufferLike };
    if (!(buffer instanceof SharedArrayBuffer)) throw new Error('the memory is not shared');
    const team = teamWords(buffer, this.teamAt);
    const request = { module: this.module, memory, parameters, workspace: this.workspace, team, size, steps };
    const workers = Array.from({ length: size }, (_, index) => {
      const worker = new Worker(new URL('./operation-member.ts', import.meta.url), { execArgv: [] });
      worker.postMessage({ ...request, context: primes[0] ?? 0, index } satisfies MemberProtocol['request']);
      return worker;
    });
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    await leave(workers);
  }

  /** Representatives modulo a prime (special ones are last) with the smallest absolute values. */
  private balance(residues: BigUint64Array, prime: number): Float64Array {
    const q = allPrimes(this.context.parameters)[prime] ?? NaN;
    return Float64Array.from(residues, (x) => (Number(x) > (q - 1) / 2 ? Number(x) - q : Number(x)));
  }
}

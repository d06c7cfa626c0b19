/** The encoded plaintexts of a worker: as many as the budget allows are kept, the others encoded at each use. */
import type { Plaintext } from 'node-seal';
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import type { HeModule } from '../../../ir/he/module.ts';
import { materialise, plaintextAt } from '../../../ir/he/plaintexts.ts';
import { plaintextBytes } from '../../../ir/parameters.ts';
import type { SealContext } from '../../seal/context.ts';
import { Handles } from '../../seal/handles.ts';
import { requireHeap } from '../../seal/heap.ts';
import { LevelEncoder } from '../../seal/level-encoder.ts';
import type { Encoding, Encodings } from './worker-program.ts';

export class PlaintextStore {
  private readonly context: SealContext;
  private readonly program: Pick<HeModule, 'plaintexts' | 'packed'>;
  private readonly encodings: Encodings;
  private readonly encoder: LevelEncoder;
  private readonly handles = new Handles();
  private readonly kept: Plaintext[] = [];
  private readonly slots: Float64Array;
  /** For plaintexts that are not kept; valid until the next one. */
  private readonly scratch: Plaintext;

  /** Encodes at once what is kept: a prefix of `encodings`, of at most `budgetBytes`. */
  constructor(
    context: SealContext,
    program: Pick<HeModule, 'slots' | 'plaintexts' | 'packed'>,
    encodings: Encodings,
    budgetBytes: number,
  ) {
    this.context = context;
    this.program = program;
    this.encodings = encodings;
    this.slots = new Float64Array(program.slots);
    const counts = new Map<number, number>();
    for (const { level } of encodings.list) counts.set(level, (counts.get(level) ?? 0) + 1);
    try {
      this.encoder = new LevelEncoder(context, counts);
      this.scratch = this.create();
      this.fill(budgetBytes);
    } catch (error) {
      this.handles.freeAll();
      throw error;
    }
  }

  /** The plaintext operand of the row at `position` of the worker's rows; valid until the next call. */
  at(position: number): Plaintext {
    const index = this.encodings.ofPosition[position] ?? -1;
    const encoding = this.encodings.list[index];
    if (encoding === undefined) throw new InternalError(`the row at position ${position} has no plaintext`);
    const kept = this.kept[index];
    if (kept !== undefined) return kept;
    this.encode(encoding, this.scratch);
    return this.scratch;
  }

  close(): void {
    this.handles.freeAll();
  }

  private fill(budgetBytes: number): void {
    let bytes = 0;
    for (const encoding of this.encodings.list) {
      bytes += plaintextBytes(this.context.parameters, encoding.level);
      if (bytes > budgetBytes) return;
      requireHeap(this.context.seal);
      const plaintext = this.create();
      this.encode(encoding, plaintext);
      this.kept.push(plaintext);
    }
  }

  private create(): Plaintext {
    return this.handles.own(new this.context.seal.Plaintext());
  }

  private encode({ plaintext, level, scale, factor }: Encoding, target: Plaintext): void {
    materialise(this.program.packed, plaintextAt(this.program.plaintexts, plaintext), this.slots);
    if (factor) this.encoder.encodeFactor(this.slots, level, scale, target);
    else this.encoder.encode(this.slots, level, scale, target);
  }
}

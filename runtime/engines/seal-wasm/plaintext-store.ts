/**
 * The encoded plaintexts of a worker: as many as the budget allows are kept, the others encoded at each use. Those that
 * save the most time for their bytes are kept; they lie in SEAL's heap, and where that is full as saved bytes outside of
 * it, from where they are loaded in a tenth of the time that encoding takes.
 */
import type { Plaintext } from 'node-seal';
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import type { HeModule } from '../../../ir/he/module.ts';
import { materialise, plaintextAt } from '../../../ir/he/plaintexts.ts';
import type { Encoding, Encodings } from '../../../costs/encodings.ts';
import { opCost, sealCostTable } from '../../../costs/op-costs.ts';
import { type Parameters, plaintextBytes } from '../../../ir/parameters.ts';
import type { SealContext } from '../../seal/library/context.ts';
import { Handles } from '../../seal/library/handles.ts';
import { requireHeap } from '../../seal/library/heap.ts';
import { LevelEncoder } from '../../seal/library/level-encoder.ts';
import { saveUncompressed } from '../../seal/library/save.ts';

/** Bytes of encoded plaintexts to keep. */
export interface PlaintextRoom {
  readonly inHeap: number;
  readonly outside: number;
}

export class PlaintextStore {
  private readonly context: SealContext;
  private readonly program: Pick<HeModule, 'plaintexts' | 'packed'>;
  private readonly encodings: Encodings;
  private readonly encoder: LevelEncoder;
  private readonly handles = new Handles();
  /** By index in the encodings. */
  private readonly kept = new Map<number, Plaintext>();
  private readonly saved = new Map<number, Uint8Array>();
  private readonly slots: Float64Array;
  /** For plaintexts that are not kept; valid until the next one. */
  private readonly scratch: Plaintext;

  /** Encodes at once what is kept. */
  constructor(
    context: SealContext,
    program: Pick<HeModule, 'slots' | 'plaintexts' | 'packed'>,
    encodings: Encodings,
    room: PlaintextRoom,
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
      this.fill(room);
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
    const kept = this.kept.get(index);
    if (kept !== undefined) return kept;
    const saved = this.saved.get(index);
    if (saved === undefined) this.encode(encoding, this.scratch);
    else this.scratch.loadFromArray(this.context.context, saved);
    return this.scratch;
  }

  close(): void {
    this.handles.freeAll();
  }

  private fill({ inHeap, outside }: PlaintextRoom): void {
    const { seal, parameters } = this.context;
    let [heapLeft, outsideLeft] = [inHeap, outside];
    for (const index of byBenefit(this.encodings, parameters)) {
      const encoding = this.encodings.list[index];
      if (encoding === undefined) continue;
      const bytes = plaintextBytes(parameters, encoding.level);
      if (bytes <= heapLeft) {
        heapLeft -= bytes;
        requireHeap(seal);
        const plaintext = this.create();
        this.encode(encoding, plaintext);
        this.kept.set(index, plaintext);
      } else if (bytes <= outsideLeft) {
        outsideLeft -= bytes;
        this.encode(encoding, this.scratch);
        this.saved.set(index, saveUncompressed(seal, this.scratch));
      }
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

/** Indices of encodings, those first that save the most time for their bytes; of equal ones those used first. */
function byBenefit({ list, ofPosition }: Encodings, parameters: Parameters): number[] {
  const uses = new Int32Array(list.length);
  for (const index of ofPosition) if (index >= 0) uses[index] = (uses[index] ?? 0) + 1;
  const benefit = Float64Array.from(list, ({ level }, index) => {
    const milliseconds = opCost('encode', level, parameters.polyModulusDegree, sealCostTable);
    return ((uses[index] ?? 0) * milliseconds) / plaintextBytes(parameters, level);
  });
  return Array.from(list.keys()).sort((x, y) => (benefit[y] ?? 0) - (benefit[x] ?? 0) || x - y);
}

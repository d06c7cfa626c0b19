/**
 * Ciphertexts between SEAL's saved bytes, which have been inspected, and values in the shared memory.
 *
 * Fresh inputs hold a seed in place of their second polynomial, and expanding it is work that cannot be divided: so the
 * members expand as many inputs at once as they are, those that the program reads next, each one in its own room. Outputs
 * that stand one after another in the program are saved at once, too, for no step between them writes to memory.
 */
import { InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import { ciphertextFields, savedSeededBytes, seedLength } from '../../../seal/bytes/saved-format.ts';
import { ciphertextWithoutResidues } from '../../../seal/bytes/write-heads.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { SimdContext } from '../../../rns/memory/context.ts';
import type { StepIo } from '../program/executor.ts';
import { limbAt, type Value } from '../../../rns/memory/layout.ts';
import { checkResidues, LoadingRoom } from './loading-room.ts';
import { type FusedProgram, stepsOfStage } from '../program/steps.ts';
import { share, type Team } from '../../../rns/team.ts';

export interface Output {
  readonly index: number;
  readonly bytes: Uint8Array;
}

export interface CiphertextIoOptions {
  readonly context: SimdContext;
  readonly team: Team;
  /** Address of the rooms of all members, see `loadingBytes`. */
  readonly rooms: number;
  /** Says which inputs are read, and in which order. */
  readonly program: FusedProgram;
  /** By the index of an output: its scale. */
  readonly outputScales: readonly number[];
  /** Indices of inputs that have no seed: those that a stage of the program has given to another. */
  readonly wholeInputs: ReadonlySet<number>;
  /** Saved ciphertexts by row; those that are not there come through the stream. */
  readonly weights: ReadonlyMap<number, Uint8Array>;
  readonly weightStream: Exchange;
}

/** Of one member; all call the same methods with the same arguments. */
export class CiphertextIo implements StepIo {
  private readonly options: CiphertextIoOptions;
  private readonly rooms: readonly LoadingRoom[];
  /** Inputs in the order in which the program reads them. */
  private readonly order: readonly { readonly index: number; readonly level: number }[];
  /** By the number of an output step: whether something else than an output follows it. */
  private readonly endsOutputs: readonly boolean[];
  private inputs: readonly Uint8Array[] = [];
  private read = 0;
  private saved = 0;
  /** The inputs that the stage reads, of `order`: from the first to before the last. */
  private firstRead = 0;
  private endRead = 0;
  private outputs: Output[] = [];

  constructor(options: CiphertextIoOptions) {
    this.options = options;
    const { context, rooms, team, program } = options;
    this.rooms = Array.from({ length: team.size }, (_, member) => new LoadingRoom(context, rooms, member));
    this.endsOutputs = program.steps.flatMap(({ kind }, k) =>
      kind === 'output' ? [program.steps[k + 1]?.kind !== 'output'] : [],
    );
    this.order = program.steps.flatMap((step) =>
      step.kind === 'input' ? [{ index: step.index, level: program.values[step.target]?.level ?? 0 }] : [],
    );
  }

  /** This member's room. */
  get room(): LoadingRoom {
    return this.roomOf(this.options.team.index);
  }

  /** Before a run of all steps of a stage. */
  begin(inputs: readonly Uint8Array[], stage: number): void {
    const { program } = this.options;
    const { first, end } = stepsOfStage(program, stage);
    const countBefore = (step: number, kind: 'input' | 'output'): number =>
      program.steps.slice(0, step).filter((each) => each.kind === kind).length;
    this.inputs = inputs;
    this.firstRead = countBefore(first, 'input');
    this.endRead = countBefore(end, 'input');
    this.read = this.firstRead;
    this.saved = countBefore(first, 'output');
    this.outputs = [];
  }

  loadInput(index: number, target: Value): void {
    const { team, wholeInputs } = this.options;
    const turn = (this.read - this.firstRead) % team.size;
    if (turn === 0) this.expandNext();
    this.read++;
    const room = this.roomOf(turn);
    if (wholeInputs.has(index)) this.loadWhole(index, room, team.index === turn, target);
    else this.loadLimbs(room, `input ${index}`, target);
  }

  loadWeight(row: number, target: Value): void {
    const { team, context, weights, weightStream } = this.options;
    const room = this.roomOf(0);
    if (team.index === 0) {
      const put = (bytes: Uint8Array): void => {
        const from = ciphertextFields.residues;
        room.put(0, bytes.subarray(from, from + 8 * context.n * target.size * (target.level + 1)));
      };
      const load = weightStream.transferOf(row);
      if (load !== -1) weightStream.read(load, put);
      else put(weights.get(row) ?? missing(`the encrypted weight of row ${row}`));
    }
    team.barrier();
    this.loadLimbs(room, `the encrypted weight of row ${row}`, target);
  }

  saveOutput(index: number, value: Value): void {
    const { team, context, outputScales } = this.options;
    const { kernels, n, parameters, primes } = context;
    const { level, size } = value;
    const endsOutputs = this.endsOutputs[this.saved] ?? true;
    if (this.saved++ % team.size === team.index) {
      const scale = outputScales[index] ?? missing(`the scale of output ${index}`);
      const bytes = ciphertextWithoutResidues(parameters, { level, size, scale });
      const { room } = this;
      for (let poly = 0; poly < size; poly++) {
        for (let j = 0; j <= level; j++) kernels.store(limbAt(value, n, poly, j), room.limb(j), primes[j] ?? 0);
        const from = ciphertextFields.residues + 8 * n * poly * (level + 1);
        room.get(0, level + 1, bytes.subarray(from, from + 8 * n * (level + 1)));
      }
      this.outputs.push({ index, bytes });
    }
    if (endsOutputs) team.barrier();
  }

  /** Those that this member has saved since `begin`. */
  takeOutputs(): readonly Output[] {
    const { outputs } = this;
    this.outputs = [];
    return outputs;
  }

  /** Each member one of the inputs that come next, into its room. */
  private expandNext(): void {
    const { context, team } = this.options;
    const at = this.read + team.index;
    const next = at < this.endRead ? this.order[at] : undefined;
    if (next !== undefined && !this.options.wholeInputs.has(next.index)) {
      const { index, level } = next;
      const bytes = this.inputs[index] ?? missing(`input ${index}`);
      const size = savedSeededBytes(context.n, level + 1);
      if (bytes.length === size) this.expand(bytes, level + 1);
      else this.expandSum(bytes, size, level + 1, `input ${index}`);
    }
    team.barrier();
  }

  /** All polynomials of an input, one after another by way of a room, which member `isOwn` writes to. */
  private loadWhole(index: number, room: LoadingRoom, isOwn: boolean, { address, level, size }: Value): void {
    const { team, context } = this.options;
    const { n } = context;
    const bytes = this.inputs[index] ?? missing(`input ${index}`);
    const polynomialBytes = 8 * n * (level + 1);
    for (let poly = 0; poly < size; poly++) {
      const from = ciphertextFields.residues + poly * polynomialBytes;
      if (isOwn) room.put(0, bytes.subarray(from, from + polynomialBytes));
      team.barrier();
      const target = { address: limbAt({ address, level, size }, n, poly, 0), level, size: 1 };
      this.loadLimbs(room, `input ${index}`, target);
    }
  }

  private expand(bytes: Uint8Array, primes: number): void {
    const from = ciphertextFields.residues;
    this.room.put(0, bytes.subarray(from, from + 8 * this.options.context.n * primes));
    this.room.expand(bytes.subarray(bytes.length - seedLength), primes, primes);
  }

  /** The sum of ciphertexts of `size` bytes. Seeds are expanded where the first polynomial comes last. */
  private expandSum(bytes: Uint8Array, size: number, primes: number, what: string): void {
    const { room } = this;
    const from = ciphertextFields.residues;
    const terms = Array.from({ length: bytes.length / size }, (_, k) => bytes.subarray(k * size, (k + 1) * size));
    room.clear(primes, primes);
    for (const term of terms) {
      room.expand(term.subarray(size - seedLength), primes, 0);
      room.add(primes, primes, room.view(0, primes), what);
    }
    room.clear(0, primes);
    for (const term of terms) room.add(0, primes, term.subarray(from), what);
  }

  /** A phase: the residues in a room to a value. */
  private loadLimbs(room: LoadingRoom, what: string, target: Value): void {
    const { context, team } = this.options;
    const { kernels, n, primes } = context;
    const limbs = target.level + 1;
    share(team, target.size * limbs, (task) => {
      const poly = Math.floor(task / limbs);
      const j = task % limbs;
      checkResidues(kernels.load(room.limb(task), limbAt(target, n, poly, j), primes[j] ?? 0), what);
    });
    team.barrier();
  }

  private roomOf(member: number): LoadingRoom {
    return this.rooms[member] ?? missing(`the loading room of member ${member}`);
  }
}

function missing(what: string): never {
  throw new InternalError(`there is no ${what}`);
}

/**
 * Runs the engine's own executor on a program of one row of each operation, and takes the time of each row. For one
 * polynomial modulus degree: the keys are those of the longest chain, of which lower levels use a part, as in a plan.
 */
import type { HeModule } from '../../../../ir/he/module.ts';
import type { Encodings } from '../../../../costs/encodings.ts';
import type { CostedOp } from '../../../../costs/op-costs.ts';
import { portRows } from '../../../../ir/he/ports.ts';
import { costNameOf } from '../../../../ir/he/traits.ts';
import { parametersSchema } from '../../../../ir/ckks/parameters-schema.ts';
import type { Parameters, PolyModulusDegree } from '../../../../ir/parameters.ts';
import { SealContext } from '../../../seal/library/context.ts';
import { generateGaloisKeys } from '../../../seal/generate-galois-keys.ts';
import { Handles, withHandles } from '../../../seal/library/handles.ts';
import type { Seal } from '../../../seal/library/module.ts';
import { saveUncompressed } from '../../../seal/library/save.ts';
import { SealCipher } from '../../../seal/seal-cipher.ts';
import { createSharedState, Exchange } from '../../exchange/exchange.ts';
import { noTransfers, planExchange } from '../../exchange/exchange-plan.ts';
import { type Executable, execute } from '../executor.ts';
import { type PlaintextRoom, PlaintextStore } from '../plaintext-store.ts';
import { probeProgram, probeScale, probeSteps } from './probe-program.ts';
import { workerEncodings, workerProgram } from '../worker-program.ts';

/** The length of a chain: its data primes and their size. The special prime is one bit larger. */
export interface ProbeChain {
  readonly degree: PolyModulusDegree;
  readonly primes: number;
  readonly bits: number;
}

export type Took = (op: CostedOp, milliseconds: number) => void;

/** So many that the level gets an encoder of its own. */
const encodingsOfLevel = 200;

/** Measurements at one level. */
interface Rung {
  readonly executable: Executable;
  readonly inputs: readonly Uint8Array[];
  /** Keeps nothing, so that each use encodes. */
  readonly encodings: PlaintextStore;
}

export class CostProbe {
  private readonly context: SealContext;
  private readonly handles = new Handles();
  private readonly cipher: SealCipher;
  private readonly keys: Pick<Executable, 'relinKeys' | 'galoisKeys'>;

  constructor(seal: Seal, chain: ProbeChain) {
    this.context = new SealContext(seal, chooseParameters(seal, chain));
    try {
      const { context, parameters } = this.context;
      const generator = this.handles.own(new seal.KeyGenerator(context));
      const galoisKeys = this.handles.own(new seal.GaloisKeys());
      galoisKeys.loadFromArray(context, generateGaloisKeys(seal, generator, parameters, probeSteps));
      this.keys = { relinKeys: this.handles.own(generator.createRelinKeys()), galoisKeys };
      const secretKey = saveUncompressed(seal, this.handles.own(generator.secretKey()));
      this.cipher = new SealCipher(seal, parameters, secretKey);
    } catch (error) {
      this.handles.freeAll();
      this.context.close();
      throw error;
    }
  }

  /** Calls `repeat` with what evaluates once at `level` and tells `took` the milliseconds of each row. */
  atLevel<T>(level: number, repeat: (evaluate: (took: Took) => void) => T): T {
    const stores: PlaintextStore[] = [];
    try {
      const rung = this.buildRung(level, stores);
      return repeat((took) => runOnce(rung, took));
    } finally {
      for (const store of stores) store.close();
    }
  }

  close(): void {
    this.cipher.close();
    this.handles.freeAll();
    this.context.close();
  }

  private buildRung(level: number, stores: PlaintextStore[]): Rung {
    const program = probeProgram(this.context.parameters, level);
    const { columns, slots } = program;
    const workerOf = new Uint8Array(columns.op.length);
    const part = workerProgram(columns, workerOf, 0);
    const encodings = workerEncodings(columns, part);
    const plaintexts = this.store(program, encodings, { inHeap: Infinity, outside: 0 }, stores);
    const list = Array.from({ length: encodingsOfLevel }, (_, i) => encodings.list[i % encodings.list.length]);
    const unkept: Encodings = {
      list: list.filter((each) => each !== undefined),
      ofPosition: Int32Array.from(encodings.list.keys()),
    };
    const slotValues = new Float64Array(slots).fill(0.5);
    const input = this.cipher.encrypt(slotValues, level, probeScale);
    const [weight = -1] = portRows(columns, 'weight');
    return {
      executable: {
        context: this.context,
        program,
        part,
        plaintexts,
        ...this.keys,
        weights: new Map([[weight, this.unseeded(input)]]),
        weightStream: new Exchange(createSharedState(noTransfers)),
        exchange: new Exchange(createSharedState(planExchange(columns, workerOf, 2 * slots))),
      },
      inputs: [input],
      encodings: this.store(program, unkept, { inHeap: 0, outside: 0 }, stores),
    };
  }

  private store(
    program: HeModule,
    encodings: Encodings,
    room: PlaintextRoom,
    stores: PlaintextStore[],
  ): PlaintextStore {
    const store = new PlaintextStore(this.context, program, encodings, room);
    stores.push(store);
    return store;
  }

  /** The same ciphertext with both polynomials, as encrypted weights are. */
  private unseeded(ciphertext: Uint8Array): Uint8Array {
    const { seal, context } = this.context;
    return withHandles((handles) => {
      const loaded = handles.own(new seal.Ciphertext());
      loaded.loadFromArray(context, ciphertext);
      return saveUncompressed(seal, loaded);
    });
  }
}

function runOnce({ executable, inputs, encodings }: Rung, took: Took): void {
  const { part, program } = executable;
  let position = 0;
  let last = performance.now();
  execute(executable, inputs, () => {
    const now = performance.now();
    const row = part.rows[position++] ?? -1;
    const name = costNameOf(program.columns.op[row] ?? -1);
    took(name, now - last);
    // SEAL does not hoist.
    if (name === 'rotate') took('rotate-hoisted', now - last);
    last = performance.now();
  });
  const start = performance.now();
  encodings.at(0);
  took('encode', performance.now() - start);
}

/** Primes for a chain. */
export function chooseParameters(seal: Seal, { degree, primes, bits }: ProbeChain): Parameters {
  return withHandles((handles) => {
    const sizes = [...Array.from({ length: primes }, () => bits), bits + 1];
    const moduli = handles.own(seal.CoeffModulus.Create(degree, Int32Array.from(sizes)));
    const values = sizes.map((_, i) => {
      const modulus = moduli.get(i);
      return modulus === undefined ? NaN : Number(handles.own(modulus).value());
    });
    return parametersSchema.parse({
      polyModulusDegree: degree,
      primes: values.slice(0, -1),
      specialPrimes: values.slice(-1),
    });
  });
}

/**
 * A SEAL context of a plan's parameters, with the evaluator and the identities of its levels. Building one takes 0.3 s
 * at degree 8192 and 2.5 s at 16384, most of it for lower levels: of the whole chain there is one for each instance of
 * SEAL that evaluates or makes keys, kept. Always checked for 128-bit security.
 */
import type { CKKSEncoder, Evaluator, ParmsIdType, SEALContext } from 'node-seal';
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { type Parameters, topLevel } from '../../../ir/parameters.ts';
import { Handles, withHandles } from './handles.ts';
import type { Seal } from './module.ts';

export class SealContext {
  readonly seal: Seal;
  readonly parameters: Parameters;
  readonly context: SEALContext;
  readonly evaluator: Evaluator;
  /** Encodes at the top level, and decodes at any. */
  readonly encoder: CKKSEncoder;
  private readonly handles = new Handles();
  private readonly parmsIds: readonly ParmsIdType[];

  /**
   * @param levels `top` leaves out all but the top level, which is enough for encryption and decryption there: SEAL
   *   keeps transforms for each prime of each level.
   * Throws `InternalError` for parameters that SEAL refuses, which are not among those of `parametersSchema`.
   */
  constructor(seal: Seal, parameters: Parameters, levels: 'all' | 'top' = 'all') {
    this.seal = seal;
    this.parameters = parameters;
    try {
      const { primes, specialPrimes } = parameters;
      this.context = this.build([...primes, ...specialPrimes], levels === 'all');
      this.parmsIds = this.collectParmsIds(levels === 'all' ? 0 : topLevel(parameters));
      this.evaluator = this.handles.own(new seal.Evaluator(this.context));
      this.encoder = this.handles.own(new seal.CKKSEncoder(this.context));
    } catch (error) {
      this.handles.freeAll();
      throw error;
    }
  }

  /** SEAL's identity of a level; owned here. */
  parmsId(level: number): ParmsIdType {
    const id = this.parmsIds[level];
    if (id === undefined) throw new InternalError(`the parameters have no level ${level}`);
    return id;
  }

  /**
   * An encoder whose top level is `level`: from the lower primes and the special one. What it encodes belongs to this
   * context too, since its identity depends on the primes alone. Costs a third of a context and more.
   */
  buildEncoder(level: number): CKKSEncoder {
    const { primes, specialPrimes } = this.parameters;
    const lower = this.build([...primes.slice(0, level + 1), ...specialPrimes], false);
    return this.handles.own(new this.seal.CKKSEncoder(lower));
  }

  close(): void {
    this.handles.freeAll();
  }

  private build(primes: readonly number[], expandChain: boolean): SEALContext {
    const { seal } = this;
    return withHandles((temporary) => {
      const parameters = temporary.own(new seal.EncryptionParameters(seal.SchemeType.ckks));
      parameters.setPolyModulusDegree(this.parameters.polyModulusDegree);
      const moduli = temporary.own(new seal.VectorModulus());
      for (const prime of primes) moduli.push_back(temporary.own(new seal.Modulus(BigInt(prime))));
      parameters.setCoeffModulus(moduli);
      const context = this.handles.own(new seal.SEALContext(parameters, expandChain, seal.SecLevelType.tc128));
      if (!context.parametersSet())
        throw new InternalError(
          `SEAL refuses degree ${this.parameters.polyModulusDegree}, primes ${primes.join(', ')}`,
        );
      return context;
    });
  }

  private collectParmsIds(lowest: number): ParmsIdType[] {
    const ids: ParmsIdType[] = [];
    return withHandles((temporary) => {
      let data = temporary.own(this.context.firstContextData());
      for (let level = topLevel(this.parameters); level >= lowest; level--) {
        if (data.chainIndex() !== level - lowest) throw new InternalError(`SEAL has no level ${level} in its chain`);
        ids[level] = this.handles.own(data.parmsId());
        // Below the lowest level there is a null pointer, of which every method is undefined behaviour.
        if (level > lowest) data = temporary.own(data.nextContextData());
      }
      return ids;
    });
  }
}

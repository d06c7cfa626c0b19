/** A node that the client computes, as its rule sees it. */
import type { Emitter } from '../emission/emitter.ts';
import { NodeReader } from '../emission/operation.ts';
import type { ExternalData } from '../proto/external-data.ts';
import { ImportFailure, mixesSamples } from '../proto/failure.ts';
import type { OnnxNode } from '../proto/model.ts';
import { type AnyTerm, type ClientTerm, type EncryptedTerm, isBatchSize } from '../proto/term.ts';
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { textOperand } from '../../../ir/diagnostics/client.ts';
import type { ClientBorder } from './border.ts';
import type { StepEmitter } from './step-emitter.ts';

/** A rule computes the outputs of a node from values of the client's. */
export type StepRule = (op: ClientOperation) => readonly AnyTerm[];

export interface ClientContext {
  readonly border: ClientBorder;
  /** Of the encrypted network. */
  readonly emit: Emitter;
  readonly external: ExternalData;
  readonly stage: ClientTerm['stage'];
  /** A name for operand i, should it cross the border. */
  readonly nameOf: (i: number) => string;
}

export class ClientOperation extends NodeReader<AnyTerm> {
  readonly steps: StepEmitter;
  readonly emit: Emitter;
  private readonly context: ClientContext;

  constructor(node: OnnxNode, operands: readonly (AnyTerm | undefined)[], context: ClientContext) {
    super(node, operands, context.external);
    this.context = context;
    this.emit = context.emit;
    this.steps = context.border.steps(context.stage);
    this.steps.origins = node.refs;
    this.steps.because = node;
  }

  /** Operand i at the client. */
  value(i: number): ClientTerm {
    return this.atClient(this.input(i), this.context.nameOf(i));
  }

  /** Operand i at the client, which has to hold numbers; as reals. */
  reals(i: number): ClientTerm {
    return this.steps.cast(this.numbers(i), 'real');
  }

  /** Operand i at the client, which has to hold numbers. */
  numbers(i: number): ClientTerm {
    const term = this.value(i);
    const { opType } = this;
    if (term.elements === 'string') throw new ImportFailure((at) => textOperand({ what: `operand ${i}`, opType }, at));
    return term;
  }

  values(): readonly ClientTerm[] {
    return this.inputs().map((_, i) => this.value(i));
  }

  /** A value that the client has computed before, as an operand of encrypted operators. */
  encrypted(term: ClientTerm, name: string): EncryptedTerm {
    return this.context.border.encrypt(term, name);
  }

  private atClient(term: AnyTerm, name: string): ClientTerm {
    const { border, stage } = this.context;
    if (term.kind === 'constant' && term.elements === 'integer' && term.data.some(isBatchSize))
      throw mixesSamples('the model computes with the batch size');
    if (term.kind === 'constant' || term.kind === 'texts') return this.steps.constant(term);
    if (term.kind === 'client' && term.stage === stage) return term;
    if (stage === 'after') {
      if (term.kind === 'encrypted') return border.decrypt(term, name);
      return border.returned(term, name);
    }
    const given = term.kind === 'encrypted' ? border.given(term) : undefined;
    if (given === undefined) throw new InternalError(`${name} is not known before encryption`);
    return given;
  }
}

/**
 * Where a node is computed: on encrypted values, if that can be; by the client before it encrypts, if inputs alone decide; or
 * by the client once it has decrypted. A rule for encrypted values comes first, so that weights stay with the server. Steps that
 * a layer reads come before encryption where they can; where they cannot, functions of encrypted values are computed as such
 * (`rules/functions/`), for a layer's weights are the server's.
 */
import { stepInsideNetwork, textOperand } from '../../ir/diagnostics/client.ts';
import type { ClientBorder } from './client/border.ts';
import { ClientOperation } from './client/client-operation.ts';
import { earlier } from './client/earlier.ts';
import { type Translation, translate } from './client/translate.ts';
import { clientRuleOf, insideRuleOf, ruleOf } from './domains.ts';
import type { Emitter } from './emission/emitter.ts';
import { Operation, type Rule } from './emission/operation.ts';
import type { ExternalData } from './proto/external-data.ts';
import { ImportFailure } from './proto/failure.ts';
import type { OnnxNode } from './proto/model.ts';
import type { AnyTerm, ClientTerm, EncryptedTerm, Term } from './proto/term.ts';

export interface NodeContext {
  readonly border: ClientBorder;
  readonly emit: Emitter;
  readonly external: ExternalData;
  /** Whether a node is to be computed on encrypted values although the client could: a layer reads what comes of it. */
  readonly isInside: (node: OnnxNode) => boolean;
  /** Notes that a layer reads steps after decryption, so that these have to be computed on encrypted values. */
  readonly wantInside: (reader: OnnxNode) => void;
}

type Operands = readonly (AnyTerm | undefined)[];
type Stage = ClientTerm['stage'];

/** The results of a node that has a rule, in the order of its outputs. Throws `ImportFailure`. */
export function computeNode(node: OnnxNode, operands: Operands, context: NodeContext): readonly AnyTerm[] {
  return new NodeComputation(node, operands, context).results();
}

class NodeComputation {
  private readonly node: OnnxNode;
  private readonly operands: Operands;
  private readonly context: NodeContext;
  private readonly server: Rule | undefined;
  private readonly client: ReturnType<typeof clientRuleOf>;
  /** The rule on encrypted values, where the node has to be computed on these. */
  private readonly inside: Rule | undefined;
  /** Operands that are no constants. */
  private readonly values: readonly (EncryptedTerm | ClientTerm)[];

  constructor(node: OnnxNode, operands: Operands, context: NodeContext) {
    this.node = node;
    this.operands = operands;
    this.context = context;
    this.server = ruleOf(node);
    this.client = clientRuleOf(node);
    this.inside = context.isInside(node) ? insideRuleOf(node) : undefined;
    this.values = operands.filter((term) => term?.kind === 'encrypted' || term?.kind === 'client');
    context.emit.origins = node.refs;
  }

  results(): readonly AnyTerm[] {
    const { values, server, client } = this;
    if (values.some(isAfter)) return this.atClient('after');
    if (this.inside !== undefined && !values.every((term) => this.isKnownBefore(term)))
      return this.asFunction(this.inside);
    if (client?.encrypted !== undefined) return this.split(client.encrypted);
    const early = values.length > 0 && values.every((term) => this.isKnownBefore(term));
    const hasTexts = this.operands.some(isText);
    if (early && (hasTexts || server === undefined)) return this.atClient('before');
    const moved = early ? this.movedBefore() : undefined;
    if (moved !== undefined) return moved;
    if (server === undefined) return this.atClient(values.length === 0 ? 'before' : 'after');
    try {
      return server(this.operation());
    } catch (error) {
      const mayBeSteps = error instanceof ImportFailure && error.isSound && client !== undefined && values.length > 0;
      if (!mayBeSteps) throw error;
      return this.atClient(early ? 'before' : 'after');
    }
  }

  /** The rule for linear parts and products where it takes the operands, and that for functions otherwise. */
  private asFunction(inside: Rule): readonly AnyTerm[] {
    if (this.server === undefined) return inside(this.operation());
    try {
      return this.server(this.operation());
    } catch (error) {
      if (!(error instanceof ImportFailure && error.isSound)) throw error;
      return inside(this.operation());
    }
  }

  /** Inputs that are only joined, repeated or reordered cost nothing if the client does it. */
  private movedBefore(): readonly AnyTerm[] | undefined {
    const { values } = this;
    const distinct = new Set(values.map(({ value }) => value)).size;
    if (distinct < 2 && !values.some(({ kind }) => kind === 'client')) return undefined;
    return this.moved('before');
  }

  /** The results where the node only picks and joins elements; undefined where it does anything else. */
  private moved(stage: Stage): readonly AnyTerm[] | undefined {
    try {
      const translation = this.translation(stage);
      return translation?.moves === true ? translation.apply() : undefined;
    } catch (error) {
      // The rule says so once more where it is asked in earnest.
      if (error instanceof ImportFailure) return undefined;
      throw error;
    }
  }

  /** An encrypted part, and steps on its results. */
  private split(encrypted: Rule): readonly AnyTerm[] {
    const { node, context, client } = this;
    const results = this.fromPrepared() ?? encrypted(this.operation());
    const name = `${nameOf(node)}_scores`;
    const operation = new ClientOperation(node, results, { ...context, stage: 'after', nameOf: () => name });
    return client?.steps(operation) ?? [];
  }

  /** The encrypted part on what the client prepares for it; undefined where it prepares nothing. */
  private fromPrepared(): readonly Term[] | undefined {
    const { node, client, context, values } = this;
    if (client?.prepared === undefined || !values.every((term) => this.isKnownBefore(term))) return undefined;
    const operands = client.prepared.steps(this.clientOperation('before'));
    const terms = operands?.map((term, i) => this.asEncrypted(term, i));
    return terms && client.prepared.encrypted(new Operation(node, terms, context));
  }

  private atClient(stage: Stage): readonly AnyTerm[] {
    const { node, client, operands } = this;
    const moved = this.moved(stage);
    if (moved !== undefined) return moved;
    if (client !== undefined && client.encrypted === undefined) return client.steps(this.clientOperation(stage));
    const translation = this.translation(stage);
    const texts = operands.findIndex(isText);
    if (texts >= 0 && translation?.moves !== true) throw textFailure(node, texts);
    if (translation === undefined || translation.hasWeights) return this.behindEarlierSteps();
    return translation.apply();
  }

  /** A layer behind steps after decryption, which it can read if they come before encryption after all. */
  private behindEarlierSteps(): readonly AnyTerm[] {
    const { node, context } = this;
    const operands = this.operands.map((term) =>
      term?.kind === 'client' && isAfter(term) ? earlier(term, context.border, context.emit) : term,
    );
    const isKnown = this.operands.every((term, i) => (term === undefined) === (operands[i] === undefined));
    if (!isKnown || !this.values.some(isAfter)) throw this.insideNetwork();
    return computeNode(node, operands, context);
  }

  /** The steps of the rule for encrypted values; undefined where there is none. */
  private translation(stage: Stage): Translation | undefined {
    const { node, context, operands, server } = this;
    if (server === undefined) return undefined;
    const operation = this.clientOperation(stage);
    const terms = operands.map((term, i) =>
      term === undefined || term.kind === 'constant' ? term : operation.value(i),
    );
    return translate(server, node, terms, { steps: operation.steps, external: context.external });
  }

  private clientOperation(stage: Stage): ClientOperation {
    const { node, operands, context } = this;
    const names = (i: number): string => node.inputs[i] || nameOf(node);
    return new ClientOperation(node, operands, { ...context, stage, nameOf: names });
  }

  private insideNetwork(): ImportFailure {
    this.context.wantInside(this.node);
    const reader = `${this.node.opType} "${nameOf(this.node)}"`;
    const because = this.values.find(isAfter)?.because ?? this.node;
    const reason = 'the weights of that are the server’s';
    return new ImportFailure((at) =>
      stepInsideNetwork({ opType: because.opType, reader, reason }, { ...at, nodes: because.refs }),
    );
  }

  private operation(): Operation {
    const terms = this.operands.map((term, i) => (term === undefined ? undefined : this.asEncrypted(term, i)));
    return new Operation(this.node, terms, this.context);
  }

  private asEncrypted(term: AnyTerm, i: number): Term {
    if (term.kind === 'constant' || term.kind === 'encrypted') return term;
    if (isText(term)) throw textFailure(this.node, i);
    if (term.kind === 'client' && term.stage === 'before')
      return this.context.border.encrypt(term, this.node.inputs[i] || nameOf(this.node));
    throw this.insideNetwork();
  }

  private isKnownBefore(term: EncryptedTerm | ClientTerm): boolean {
    return term.kind === 'client' ? term.stage === 'before' : this.context.border.isInput(term);
  }
}

function isAfter(term: EncryptedTerm | ClientTerm): term is ClientTerm {
  return term.kind === 'client' && term.stage === 'after';
}

function isText(term: AnyTerm | undefined): boolean {
  return term?.kind === 'texts' || (term?.kind === 'client' && term.elements === 'string');
}

function textFailure({ opType }: OnnxNode, i: number): ImportFailure {
  return new ImportFailure((at) => textOperand({ what: `operand ${i}`, opType }, at), true);
}

function nameOf({ outputs, refs }: OnnxNode): string {
  return outputs.find((output) => output !== '') ?? refs[0]?.name ?? 'value';
}

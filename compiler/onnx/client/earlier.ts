/**
 * Steps after decryption as steps before encryption: a scaler that was to be computed encrypted, for example, is the client's
 * after all where a layer follows on the Normalizer behind it. That takes what clients may have: elements that are picked,
 * added, multiplied and scaled, starting from inputs; never the weights of layers.
 */
import type { ClientNode } from '../../../ir/client/ops.ts';
import type { ValueId } from '../../../ir/op.ts';
import type { TensorNode } from '../../../ir/tensor/ops.ts';
import type { Emitter } from '../emission/emitter.ts';
import type { ClientTerm } from '../proto/term.ts';
import type { ClientBorder } from './border.ts';
import { isStep, stepsOf } from './translate.ts';

/** `term`, of after decryption, as the client can compute it before encryption; undefined where it cannot. */
export function earlier(term: ClientTerm, border: ClientBorder, emit: Emitter): ClientTerm | undefined {
  return new Earlier(border, emit).term(term);
}

class Earlier {
  private readonly border: ClientBorder;
  private readonly emit: Emitter;
  private readonly ofSteps = new Map<ValueId, ValueId | undefined>();
  private readonly ofNetwork = new Map<ValueId, ClientTerm | undefined>();

  constructor(border: ClientBorder, emit: Emitter) {
    this.border = border;
    this.emit = emit;
  }

  term(term: ClientTerm): ClientTerm | undefined {
    const value = this.step(term.value);
    return value === undefined ? undefined : { ...term, stage: 'before', value };
  }

  private step(id: ValueId): ValueId | undefined {
    if (!this.ofSteps.has(id)) this.ofSteps.set(id, this.copied(this.border.steps('after').builder.node(id)));
    return this.ofSteps.get(id);
  }

  private copied(node: ClientNode): ValueId | undefined {
    if (node.op === 'input') {
      const encrypted = this.border.decrypted(node.attrs.name);
      const given = encrypted && this.value(encrypted.value);
      return given && this.border.steps('before').reshape(given, node.type.shape).value;
    }
    const operands = new Map(node.operands.map((operand) => [operand, this.step(operand)]));
    if ([...operands.values()].includes(undefined)) return undefined;
    return this.border.steps('before').builder.copy(node, (operand) => operands.get(operand) ?? -1);
  }

  /** A value of the network at the client, in the shape that it has there. */
  private value(id: ValueId): ClientTerm | undefined {
    if (!this.ofNetwork.has(id)) this.ofNetwork.set(id, this.translated(this.emit.builder.node(id)));
    return this.ofNetwork.get(id);
  }

  private translated(node: TensorNode): ClientTerm | undefined {
    const steps = this.border.steps('before');
    if (node.op === 'input') {
      const given = this.border.clientSide(node.id);
      // The batch is no axis of values of the network, and its ops take operands of one shape.
      return given && { ...steps.reshape(given, node.type), batched: false };
    }
    if (!isStep(node)) return undefined;
    const operands = node.operands.map((operand) => this.value(operand)).filter((operand) => operand !== undefined);
    if (operands.length < node.operands.length) return undefined;
    return stepsOf(node, { operands, steps, whole: false });
  }
}

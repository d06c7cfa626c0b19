/**
 * Where values cross between the client and the encrypted network: what it encrypts and decrypts, by which names, and the
 * steps on either side.
 *
 * A model input of numbers is a value of both sides from the start; whatever else the client computes beforehand becomes an
 * input of the network when an encrypted operator first reads it, and an encrypted value an output when a step does.
 */
import { type ClientModule, ClientBuilder, type Labels } from '../../../ir/client/ops.ts';
import { withSamples } from '../../../ir/batch-axis.ts';
import { elementCount } from '../../../ir/constant.ts';
import type { ClientSteps } from '../../../ir/client/steps.ts';
import { nothingEncrypted } from '../../../ir/diagnostics/client.ts';
import type { ClientElements, ModelInterface, ModelPort, Port } from '../../../ir/interface.ts';
import { usersOf } from '../../../ir/module.ts';
import type { ValueId } from '../../../ir/op.ts';
import { TensorBuilder, type TensorModule, type TensorNode } from '../../../ir/tensor/ops.ts';
import { withoutDeadNodes } from '../../../passes/tensor/dead-nodes.ts';
import type { Emitter } from '../emission/emitter.ts';
import { refuseHiddenOffsets } from '../emission/hidden-offsets.ts';
import { ImportFailure, refused } from '../proto/failure.ts';
import { type AnyTerm, type ClientTerm, elementsOf, type EncryptedTerm, withShape } from '../proto/term.ts';
import { StepEmitter } from './step-emitter.ts';

/** A value on both sides. */
interface Crossing {
  readonly name: string;
  readonly port: Port;
  readonly client: ClientTerm;
  readonly encrypted: EncryptedTerm;
}

/** An output of the model: what it is, how the model shows it, and the keys of a map. */
export interface ModelOutput {
  readonly term: AnyTerm;
  readonly port: Port;
}

/** Inputs and outputs are those of the network. */
export interface FinishedBorder extends ModelInterface {
  readonly module: TensorModule;
  readonly steps: ClientSteps;
  /** Inputs that neither the network nor a step reads. */
  readonly unused: readonly string[];
  /** Where onnxruntime is known to compute something else. */
  readonly deviations: Emitter['deviations'];
}

export class ClientBorder {
  private readonly emit: Emitter;
  private readonly stages = { before: new StepEmitter('before'), after: new StepEmitter('after') };
  private readonly encryptions: Crossing[] = [];
  private readonly decryptions: Crossing[] = [];

  constructor(emit: Emitter) {
    this.emit = emit;
  }

  steps(stage: ClientTerm['stage']): StepEmitter {
    return this.stages[stage];
  }

  /**
   * An input of the model, which is `encrypted` where it holds numbers; with `samples` along its batch axis where that is an
   * axis like others.
   */
  input(
    port: ModelPort,
    encrypted: EncryptedTerm | undefined,
    samples: number | undefined,
  ): EncryptedTerm | ClientTerm {
    const { before } = this.stages;
    const { name, elements = 'real', shape, hasBatchAxis, batchAxis = 0 } = port;
    const whole = hasBatchAxis && samples !== undefined ? withSamples(shape, batchAxis, samples) : shape;
    const batched = hasBatchAxis && samples === undefined;
    // For one sample the client has the input as the model has it.
    const client = before.input(port, { elements, shape: samples === 1 ? shape : whole, batched });
    if (encrypted === undefined) return before.reshape(client, whole);
    const { name: portName, shape: portShape } = port;
    const own: Port = { name: portName, shape: portShape, hasBatchAxis, ...(batchAxis > 0 && { batchAxis }) };
    const kind = elementKinds[elements];
    const term = kind === undefined ? encrypted : { ...encrypted, elements: kind };
    this.encryptions.push({ name, port: own, client, encrypted: term });
    return term;
  }

  isInput(term: EncryptedTerm): boolean {
    return this.encryptions.some(({ encrypted }) => encrypted.value === term.value);
  }

  /** What the client has of an input that is encrypted; undefined for a value that is computed. */
  given(term: EncryptedTerm): ClientTerm | undefined {
    const crossing = this.encryptions.find(({ encrypted }) => encrypted.value === term.value);
    return crossing && this.stages.before.reshape(crossing.client, term.shape);
  }

  /** What the client encrypts as this value of the network. */
  clientSide(value: ValueId): ClientTerm | undefined {
    return this.encryptions.find(({ encrypted }) => encrypted.value === value)?.client;
  }

  /** The encrypted value that the client has decrypted by this name. */
  decrypted(name: string): EncryptedTerm | undefined {
    return this.decryptions.find((crossing) => crossing.name === name)?.encrypted;
  }

  /** A value of the client's as an input of the network, called `name` if that is free. */
  encrypt(client: ClientTerm, name: string): EncryptedTerm {
    const known = this.encryptions.find((crossing) => crossing.client.value === client.value);
    if (known !== undefined) return known.encrypted;
    const own = freeName(name, this.encryptions);
    const encrypted = this.emit.input(own, client.shape, client.batched);
    const port = { name: own, shape: client.shape, hasBatchAxis: client.batched };
    this.encryptions.push({ name: own, port, client, encrypted });
    return encrypted;
  }

  /** An encrypted value as the client has it once it is decrypted, called `name` if that is free. */
  decrypt(encrypted: EncryptedTerm, name: string): ClientTerm {
    const known = this.decryptions.find((crossing) => crossing.encrypted.value === encrypted.value);
    const client = known === undefined ? this.newDecryption(encrypted, name) : known.client;
    const decrypted = this.stages.after.reshape(client, encrypted.shape);
    const { elements = 'float' } = encrypted;
    // What ONNX takes for integers comes out of a decryption as almost that.
    return elements === 'float' ? decrypted : this.whole(decrypted, elements);
  }

  private newDecryption(encrypted: EncryptedTerm, name: string): ClientTerm {
    const own = freeName(name, this.decryptions);
    const { shape, batched } = encrypted;
    const port = { name: own, shape, hasBatchAxis: batched };
    const client = this.stages.after.input(port, { elements: 'real', shape, batched });
    this.decryptions.push({ name: own, port, client, encrypted });
    return client;
  }

  /** A value that was known before encryption as it comes back, for steps after decryption. Throws `ImportFailure` for texts. */
  returned(term: ClientTerm, name: string): ClientTerm {
    if (term.elements === 'string') throw notEncrypted(name, 'is a text of the input');
    const decrypted = this.decrypt(this.encrypt(term, name), name);
    return term.elements === 'real' ? decrypted : this.whole(decrypted, term.elements);
  }

  /**
   * The module of the network and the steps around it; without steps where the network's inputs and outputs are those of the
   * model. Throws `ImportFailure` (H123) where nothing is encrypted.
   */
  finish(moduleName: string, outputs: readonly ModelOutput[]): FinishedBorder {
    const post = this.finishOutputs(outputs);
    const module = withoutDeadNodes(this.emit.builder.build(moduleName));
    refuseHiddenOffsets(module);
    const users = usersOf<TensorNode>(module);
    const read = new Set(
      module.nodes.flatMap((node) =>
        node.op === 'input' && (users[node.id]?.length ?? 0) > 0 ? [node.attrs.name] : [],
      ),
    );
    const isGiven = ({ client }: Crossing): boolean => this.stages.before.builder.node(client.value).op === 'input';
    const texts = this.stages.before.builder
      .build('pre')
      .nodes.some((node) => node.op === 'input' && node.attrs.elements === 'string');
    const computed = this.encryptions.filter((crossing) => read.has(crossing.name) && !isGiven(crossing));
    if (computed.length === 0 && !texts) {
      // Inputs that a client would compute with are read by nobody: the interface is the network's.
      const unused = this.encryptions.filter((each) => isGiven(each) && !read.has(each.name)).map(({ name }) => name);
      return this.finished(
        withoutInputs(module, (name) => !unused.includes(name) && !read.has(name)),
        post,
        unused,
      );
    }
    for (const { name, client } of this.encryptions)
      if (read.has(name))
        this.stages.before.output({ name, shape: client.shape, hasBatchAxis: client.batched }, client);
    const all = this.stages.before.builder.build('pre');
    const pre = withoutDeadSteps(all);
    const kept = new Set(pre.nodes.flatMap((node) => (node.op === 'input' ? [node.attrs.name] : [])));
    const unused = all.nodes.flatMap((node) =>
      node.op === 'input' && !kept.has(node.attrs.name) ? [node.attrs.name] : [],
    );
    return this.finished(
      withoutInputs(module, (name) => !read.has(name)),
      { pre, ...post },
      unused,
    );
  }

  private finished(module: TensorModule, steps: ClientSteps, unused: readonly string[]): FinishedBorder {
    const inputs = module.nodes.flatMap((node) =>
      node.op === 'input' ? portsOf(node.attrs.name, this.encryptions) : [],
    );
    const outputs = module.nodes.flatMap((node) =>
      node.op === 'output' ? portsOf(node.attrs.name, this.decryptions) : [],
    );
    return { module, steps, inputs, outputs, unused, deviations: this.emit.deviations };
  }

  /** Writes the outputs of the network; the steps that are left after it. */
  private finishOutputs(outputs: readonly ModelOutput[]): Pick<ClientSteps, 'post'> {
    const { after } = this.stages;
    if (outputs.every(({ term }) => term.kind === 'encrypted' && elementsOf(term) === 'float')) {
      // Each by the name that the model has for it, though one value may have two.
      this.decryptions.length = 0;
      for (const { term, port } of outputs) {
        if (term.kind !== 'encrypted') continue;
        const encrypted = withShape(term, port.shape);
        const client = after.input(port, { elements: 'real', shape: port.shape, batched: term.batched });
        this.decryptions.push({ name: port.name, port, client, encrypted });
        this.emit.output(port.name, encrypted);
      }
      return {};
    }
    for (const output of outputs) {
      const { term, port } = output;
      after.output(port, after.reshape(this.answered(term, port.name), port.shape), keysOf(output));
    }
    const post = withoutDeadSteps(after.builder.build('post'));
    const roots = post.nodes.flatMap((node) => (node.op === 'input' ? [node.attrs.name] : []));
    const [first] = outputs;
    if (roots.length === 0 && first !== undefined) throw notEncrypted(first.port.name, 'is a constant');
    for (const { name, encrypted } of this.decryptions) if (roots.includes(name)) this.emit.output(name, encrypted);
    return { post };
  }

  /** The nearest integers, or which of them are not 0. */
  private whole(term: ClientTerm, elements: 'integer' | 'boolean'): ClientTerm {
    return this.stages.after.cast(this.stages.after.unary('round-half-even', term), elements);
  }

  /** A value as one that comes with the answer. */
  private answered(term: AnyTerm, name: string): ClientTerm {
    const { after } = this.stages;
    if (term.kind === 'encrypted') return this.decrypt(term, name);
    if (term.kind !== 'client') return after.constant(term);
    if (term.stage === 'after') return term;
    return this.returned(term, name);
  }
}

/** Integers stay integers where they are reals for a while. */
const elementKinds: Readonly<Record<ClientElements, EncryptedTerm['elements']>> = {
  real: undefined,
  integer: 'integer',
  boolean: 'boolean',
  string: undefined,
};

/**
 * What the elements of an output are called. Rows of several samples have one map each, of which the model for one keeps
 * one; several rows of one sample would be several maps.
 */
function keysOf({ term, port: { shape, hasBatchAxis } }: ModelOutput): Labels | undefined {
  if (term.kind !== 'client' || term.keys === undefined) return undefined;
  if (elementCount(shape) === term.keys.length) return term.keys;
  if (hasBatchAxis) return undefined;
  throw refused('ZipMap makes a map for each of several rows', 'Give the first axis of the inputs a dynamic extent.');
}

function portsOf(name: string, crossings: readonly Crossing[]): Port[] {
  return crossings.filter((crossing) => crossing.name === name).map(({ port }) => port);
}

function notEncrypted(name: string, reason: string): ImportFailure {
  return new ImportFailure((at) => nothingEncrypted({ name, reason }, at));
}

/** `name`, or with a number where it is taken. */
function freeName(name: string, taken: readonly Crossing[]): string {
  const names = new Set(taken.map((crossing) => crossing.name));
  let own = name;
  for (let k = 2; names.has(own); k++) own = `${name}_${k}`;
  return own;
}

/** `module` without the inputs of these names, which nobody reads. */
function withoutInputs(module: TensorModule, drop: (name: string) => boolean): TensorModule {
  const builder = new TensorBuilder();
  const ids = new Map<ValueId, ValueId>();
  for (const node of module.nodes) {
    if (node.op === 'input' && drop(node.attrs.name)) continue;
    ids.set(
      node.id,
      builder.copy(node, (operand) => ids.get(operand) ?? -1),
    );
  }
  return builder.build(module.name);
}

/** The steps that outputs depend on. */
function withoutDeadSteps(module: ClientModule): ClientModule {
  const live = new Set<ValueId>();
  for (const node of module.nodes.toReversed())
    if (node.op === 'output' || live.has(node.id)) for (const id of [node.id, ...node.operands]) live.add(id);
  const builder = new ClientBuilder();
  const ids = new Map<ValueId, ValueId>();
  for (const node of module.nodes)
    if (live.has(node.id))
      ids.set(
        node.id,
        builder.copy(node, (operand) => ids.get(operand) ?? -1),
      );
  return builder.build(module.name);
}

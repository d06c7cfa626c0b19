/**
 * The plans of a service. A front that is given files serves these, and tells of them in the registry; one that is given
 * none serves what others have told of.
 */
import { HepcError, InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { badModelId } from '../../ir/diagnostics/service/http.ts';
import { sha256Hex } from '../../ir/digest.ts';
import { suggestion } from '../../ir/suggestion.ts';
import { readClientPart } from '../../runtime/hep/client-part.ts';
import type { Backend } from '../stores/backend.ts';
import { bytesOf } from '../stores/object-bytes.ts';
import type { Registry } from '../stores/registry.ts';
import { modelIdOf } from './model-id.ts';
import { type ModelRecord, modelRecordSchema } from './model-record.ts';
import { publishPlan, type PublishOptions } from './publish.ts';
import type { ServedPlan } from './served-plan.ts';

const prefix = 'models';
/** Of a client part, which has an index for each element of the inputs at most. */
const maxClientPartBytes = 2 ** 28;

export class Catalogue {
  private plans = new Map<string, ServedPlan>();
  private readonly backend: Pick<Backend, 'objects' | 'registry'>;

  constructor(backend: Pick<Backend, 'objects' | 'registry'>) {
    this.backend = backend;
  }

  /**
   * Serves the plans in `files` alone. Throws `HepcError` with what is wrong with the first that is not right, H868 for names
   * that cannot be told apart.
   */
  async serve(files: readonly string[], options: PublishOptions = {}): Promise<void> {
    const paths = new Map<string, string>();
    for (const path of files) {
      const id = modelIdOf(path);
      const other = paths.get(id);
      const reason = id === '' ? 'nothing of it can stand in a name' : other && `so would ${other}`;
      if (reason !== undefined) throw new HepcError([badModelId({ id, reason }, { file: path })]);
      paths.set(id, path);
    }
    const served: ServedPlan[] = [];
    for (const [id, path] of paths) {
      const record = await publishPlan(path, id, this.backend.objects, options);
      await setRecord(this.backend.registry, record);
      served.push(await this.load(record));
    }
    this.plans = new Map(served.map((plan) => [plan.id, plan]));
  }

  /** Serves what is told of in the registry now. A record that another version has written is left out. */
  async refresh(): Promise<void> {
    const found = new Map<string, ServedPlan>();
    for await (const { value } of this.backend.registry.list(prefix)) {
      const { data: record } = modelRecordSchema.safeParse(value);
      if (record === undefined) continue;
      const known = this.plans.get(record.id);
      found.set(record.id, known?.digest === record.digest ? known : await this.load(record));
    }
    this.plans = found;
  }

  list(): readonly ServedPlan[] {
    return [...this.plans.values()];
  }

  byId(id: string): ServedPlan | undefined {
    return this.plans.get(id);
  }

  byDigest(digest: string): ServedPlan | undefined {
    return this.list().find((plan) => plan.digest === digest);
  }

  /** The name that somebody may have meant who asked for `id`. */
  nearest(id: string): string | undefined {
    return suggestion(id, [...this.plans.keys()]);
  }

  private async load(record: ModelRecord): Promise<ServedPlan> {
    const { id, clientDigest } = record;
    const clientPart = await bytesOf(this.backend.objects, 'plans', clientDigest, maxClientPartBytes);
    if (clientPart === undefined || sha256Hex(clientPart) !== clientDigest)
      throw new InternalError(`the client part of ${id} is not in the store`);
    return { ...record, part: readClientPart(clientPart, `${id}.hep`), clientPart };
  }
}

async function setRecord(registry: Registry, record: ModelRecord): Promise<void> {
  const name = `${prefix}.${record.id}`;
  for (;;) {
    if ((await registry.create(name, record)) !== undefined) return;
    const entry = await registry.get(name);
    if (entry !== undefined && (await registry.update(entry, record)) !== undefined) return;
  }
}

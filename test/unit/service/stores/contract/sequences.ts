/** Random sequences of calls, each compared with what a few maps of JavaScript say. */
import fc from 'fast-check';
import { expect, test } from 'vitest';

import type { Backend } from '../../../../../service/stores/backend.ts';
import type { Entry } from '../../../../../service/stores/registry.ts';
import type { Delivery } from '../../../../../service/stores/work-queue.ts';
import { codesOfAsync } from '../../../../support/codes.ts';
import {
  type BackendKind,
  digestOf,
  digestOfUpload,
  failing,
  inPieces,
  listOf,
  sha256,
  someBytes,
  withStore,
} from './store-under-test.ts';

const name = fc.constantFrom('a', 'b');
const bytes = fc.nat(5000);
const seed = fc.integer({ min: 1, max: 99 });

const callOf = fc.oneof(
  fc.record({ call: fc.constant('put'), name, bytes, seed, how: fc.constantFrom('well', 'broken', 'long', 'other') }),
  fc.record({ call: fc.constant('remove'), name }),
  fc.record({ call: fc.constant('create'), name, seed }),
  fc.record({ call: fc.constant('update'), name, seed, which: fc.nat(20) }),
  fc.record({ call: fc.constant('delete'), which: fc.nat(20) }),
  fc.record({ call: fc.constant('append'), name, bytes, isBroken: fc.boolean(), isElsewhere: fc.boolean() }),
  fc.record({ call: fc.constant('endUpload'), name }),
  fc.record({ call: fc.constant('push') }),
  fc.record({ call: fc.constant('take') }),
  fc.record({ call: fc.constant('finish'), which: fc.nat(5), how: fc.constantFrom('acknowledge', 'giveBack', 'bury') }),
  fc.record({ call: fc.constant('reopen') }),
);
type Call = typeof callOf extends fc.Arbitrary<infer C> ? C : never;

const uploadBytes = 9000;
const limitBytes = 5000;

class Model {
  readonly objects = new Map<string, string>();
  readonly records = new Map<string, Entry>();
  readonly uploads = new Map<string, number>();
  /** Free tasks by part, with how often they were taken. */
  readonly tasks = new Map<number, number>();
  readonly held: { readonly part: number; readonly delivery: Delivery }[] = [];
  readonly dead: string[] = [];
  /** Entries that somebody has seen at some time. */
  readonly seen: Entry[] = [];
  pushed = 0;

  async run(call: Call, backend: Backend): Promise<void> {
    if (call.call === 'put' || call.call === 'remove') await this.#object(call, backend);
    else if (call.call === 'create' || call.call === 'update' || call.call === 'delete')
      await this.#record(call, backend);
    else if (call.call === 'append' || call.call === 'endUpload') await this.#upload(call, backend);
    else await this.#task(call, backend);
  }

  async #object(call: Call, { objects }: Backend): Promise<void> {
    if (call.call === 'remove') {
      expect(await objects.delete('keys', call.name)).toBe(this.objects.delete(call.name));
      return;
    }
    if (call.call !== 'put') return;
    const content = someBytes(call.bytes, call.seed);
    const source = call.how === 'broken' ? failing(content, call.bytes >> 1) : inPieces(content);
    const digest = sha256(call.how === 'other' ? someBytes(call.bytes + 1) : content);
    const limit = call.how === 'long' ? call.bytes - 1 : limitBytes;
    const codes = await codesOfAsync(() => objects.put('keys', call.name, source, { limitBytes: limit, digest })).catch(
      (error: unknown) => [String(error)],
    );
    const expected = { well: [], broken: ['Error: the connection broke'], long: ['H806'], other: ['H805'] };
    // Nothing is more than one byte less than nothing.
    const outcome = call.how === 'long' && call.bytes === 0 ? [] : expected[call.how];
    expect(codes).toEqual(outcome);
    if (outcome.length === 0) this.objects.set(call.name, digest);
  }

  async #record(call: Call, { registry }: Backend): Promise<void> {
    if (call.call === 'create') {
      const created = await registry.create(call.name, call.seed);
      expect(created === undefined).toBe(this.records.has(call.name));
      if (created !== undefined) this.#note(created);
      return;
    }
    const entry = 'which' in call ? this.seen[call.which % Math.max(1, this.seen.length)] : undefined;
    if (entry === undefined) return;
    const isCurrent = this.records.get(entry.name)?.revision === entry.revision;
    if (call.call === 'update') {
      const updated = await registry.update(entry, call.seed);
      expect(updated === undefined).toBe(!isCurrent);
      if (updated !== undefined) this.#note(updated);
    } else {
      expect(await registry.delete(entry)).toBe(isCurrent);
      if (isCurrent) this.records.delete(entry.name);
    }
  }

  #note(entry: Entry): void {
    this.records.set(entry.name, entry);
    this.seen.push(entry);
  }

  async #upload(call: Call, { uploads }: Backend): Promise<void> {
    if (call.call === 'endUpload') {
      expect(await uploads.delete(call.name)).toBe(this.uploads.delete(call.name));
      return;
    }
    if (call.call !== 'append') return;
    const offset = this.uploads.get(call.name) ?? 0;
    if (!this.uploads.has(call.name)) await uploads.create(call.name, uploadBytes, call.name);
    this.uploads.set(call.name, offset);
    const end = Math.min(uploadBytes, offset + call.bytes);
    const content = someBytes(uploadBytes).subarray(offset, end);
    const source = call.isBroken ? failing(content, content.length) : inPieces(content);
    const at = call.isElsewhere ? offset + 1 : offset;
    const codes = await codesOfAsync(() => uploads.append(call.name, at, source)).catch((error: unknown) => [
      String(error),
    ]);
    expect(codes).toEqual(call.isElsewhere ? ['H809'] : call.isBroken ? ['Error: the connection broke'] : []);
    if (!call.isElsewhere) this.uploads.set(call.name, end);
  }

  async #task(call: Call, { queue }: Backend): Promise<void> {
    if (call.call === 'push') {
      await queue.push({ job: 'j', part: this.pushed, plan: 'p', keys: 'k' });
      this.tasks.set(this.pushed++, 0);
    } else if (call.call === 'take') {
      const delivery = await queue.takeAlso(() => true);
      const oldest = [...this.tasks.keys()].toSorted((a, b) => a - b)[0];
      expect(delivery?.task.part).toBe(oldest);
      if (delivery === undefined || oldest === undefined) return;
      expect(delivery.attempt).toBe((this.tasks.get(oldest) ?? NaN) + 1);
      this.tasks.delete(oldest);
      this.held.push({ part: oldest, delivery });
    } else if (call.call === 'finish') {
      const [held] = this.held.splice(call.which, 1);
      if (held === undefined) return;
      if (call.how === 'acknowledge') await held.delivery.acknowledge();
      else if (call.how === 'bury') {
        await held.delivery.bury(String(held.part));
        this.dead.push(String(held.part));
      } else await this.#giveBack(held);
    } else if (call.call === 'reopen') {
      for (const held of this.held.splice(0)) await this.#giveBack(held);
    }
  }

  async #giveBack({ part, delivery }: { readonly part: number; readonly delivery: Delivery }): Promise<void> {
    await delivery.giveBack(0);
    this.tasks.set(part, delivery.attempt);
  }

  async compare({ objects, registry, uploads, queue }: Backend): Promise<void> {
    for (const key of ['a', 'b']) {
      expect(await digestOf(await objects.read('keys', key))).toBe(this.objects.get(key));
      expect(await registry.get(key)).toEqual(this.records.get(key));
      expect((await uploads.get(key))?.offset).toBe(this.uploads.get(key));
    }
    const names = async <T>(source: AsyncIterable<T>, nameOf: (each: T) => string): Promise<string[]> =>
      (await listOf(source)).map(nameOf).toSorted();
    expect(await names(objects.list('keys'), (each) => each.name)).toEqual([...this.objects.keys()].toSorted());
    expect(await names(registry.list(''), (each) => each.name)).toEqual([...this.records.keys()].toSorted());
    expect(await names(uploads.list(), ({ id }) => id)).toEqual([...this.uploads.keys()].toSorted());
    for (const [key, offset] of this.uploads)
      expect(await digestOfUpload(uploads, key)).toBe(sha256(someBytes(uploadBytes).subarray(0, offset)));
    expect(await queue.waiting()).toBe(this.tasks.size);
    expect(await names(queue.dead(), ({ reason }) => reason)).toEqual(this.dead.toSorted());
  }
}

export function sequenceContract(kind: BackendKind): void {
  test('random sequences of calls do what maps in memory do', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(callOf, { minLength: 20, maxLength: 60, size: 'max' }), async (calls) => {
        await withStore(kind, async (store) => {
          let { backend } = store;
          const model = new Model();
          for (const call of calls) {
            await model.run(call, backend);
            if (call.call === 'reopen') {
              backend = await store.reopen();
              await model.compare(backend);
            }
          }
          await model.compare(backend);
        });
      }),
      { numRuns: 8 },
    );
  });
}

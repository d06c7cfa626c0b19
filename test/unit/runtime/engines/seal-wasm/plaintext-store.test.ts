/** Encoded plaintexts: which are kept, where, and that it makes no difference to what they are. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { plaintextBytes, topLevel } from '../../../../../ir/parameters.ts';
import { PlaintextStore } from '../../../../../runtime/engines/seal-wasm/plaintext-store.ts';
import { workerEncodings, workerProgram } from '../../../../../runtime/engines/seal-wasm/worker-program.ts';
import { SealContext } from '../../../../../runtime/seal/library/context.ts';
import { liveHandles } from '../../../../../runtime/seal/library/handles.ts';
import { instantiateSeal } from '../../../../../runtime/seal/library/module.ts';
import { saveUncompressed } from '../../../../../runtime/seal/library/save.ts';
import { ProgramWriter, smallParameters } from './programs.ts';

/** Products with four plaintexts, of which the third is used twice; each is rescaled and added up. */
function program() {
  const writer = new ProgramWriter(smallParameters, 2 ** 28);
  const x = writer.input();
  const plaintexts = [1, 2, 3, 4].map((k) => writer.plaintext([k / 4, -0.5]));
  const [, , third = 0] = plaintexts;
  const products = [...plaintexts, third].map((plaintext) => writer.multiplyPlain(x, plaintext));
  const [first = x, ...rest] = products;
  writer.output(writer.rescale(rest.reduce((a, b) => writer.sum(a, b), first)));
  return writer.plan().program;
}

let context: SealContext;
beforeAll(async () => {
  context = new SealContext(await instantiateSeal(), smallParameters);
});
afterAll(() => {
  context.close();
  expect(liveHandles()).toBe(0);
});

const one = plaintextBytes(smallParameters, topLevel(smallParameters));
const { columns, ...rest } = program();
const part = workerProgram(columns, new Uint8Array(columns.op.length), 0);
const encodings = workerEncodings(columns, part);

/** The bytes of every plaintext operand, and how many SEAL objects the store held. */
function plaintextsOf(inHeap: number, outside: number): { operands: Uint8Array[]; handles: number } {
  const before = liveHandles();
  const store = new PlaintextStore(context, { ...rest }, encodings, { inHeap, outside });
  const handles = liveHandles() - before;
  const operands: Uint8Array[] = [];
  encodings.ofPosition.forEach((index, position) => {
    if (index >= 0) operands.push(saveUncompressed(context.seal, store.at(position)));
  });
  store.close();
  return { operands, handles };
}

test('plaintexts are the same whether they are kept in the heap, kept outside of it, or encoded at each use', () => {
  const { operands, handles } = plaintextsOf(0, 0);
  expect(operands).toHaveLength(5);
  expect(handles).toBe(1);
  for (const [inHeap, outside] of [
    [4, 0],
    [0, 4],
    [1, 1],
    [2, 1],
  ] as const) {
    const kept = plaintextsOf(inHeap * one, outside * one);
    expect(kept.handles).toBe(1 + inHeap);
    kept.operands.forEach((bytes, i) => expect(Buffer.compare(bytes, operands[i] ?? new Uint8Array())).toBe(0));
  }
});

test('what is used most is kept first', () => {
  const store = new PlaintextStore(context, { ...rest }, encodings, { inHeap: one, outside: 0 });
  const positions = [...encodings.ofPosition.keys()].filter((position) => (encodings.ofPosition[position] ?? -1) >= 0);
  const scratch = positions.map((position) => store.at(position));
  const [a, b, c, d, again] = scratch;
  expect(c).toBe(again);
  expect(c).not.toBe(a);
  expect([b, d]).toEqual([a, a]);
  store.close();
});

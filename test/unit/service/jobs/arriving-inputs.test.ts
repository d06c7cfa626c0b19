/** Inputs whose first bytes come in pieces, each of which is good only until the next is asked for. */
import { expect, test } from 'vitest';
import { arrivingInputs } from '../../../../service/jobs/arriving-inputs.ts';
import { pieces, smallPlan } from '../../../support/job-service.ts';
import { emptyInputs, testKey } from '../worker/run-numbers.ts';

const { client: part } = smallPlan();
const file = emptyInputs(part, 2);

test.each([1, 7, 1000, 65_536])('a file in pieces of %i bytes is what it was', async (size) => {
  const source = pieces(file, size);
  const { bytes, runs, content } = await arrivingInputs(source, part, testKey, file.length);
  expect({ bytes, runs }).toEqual({ bytes: file.length, runs: 2 });
  const got: Buffer[] = [];
  for await (const piece of content) got.push(Buffer.from(piece));
  expect(Buffer.concat(got).equals(file)).toBe(true);
});

test('a file that ends in its header is refused', async () => {
  await expect(arrivingInputs(pieces(file.subarray(0, 20), 8), part, testKey, file.length)).rejects.toThrow(/H6\d\d/);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesAccess } from '../../../../runtime/format/random-access.ts';
import { sealEnvelope } from '../../../../runtime/seal/bytes/envelope.ts';
import { joinCiphertexts } from '../../../../runtime/seal/bytes/join-files.ts';
import { codesOfAsync } from '../../../support/codes.ts';

const digest = (digit: string): string => digit.repeat(64);
const batch = 3;

interface Part {
  readonly runs: number;
  readonly samples?: number;
  readonly sections?: readonly number[];
  readonly key?: string;
  readonly kind?: 'inputs' | 'outputs';
  readonly place?: number;
}

/** Runs that differ from each other by their first bytes. */
function file(
  { runs, samples = runs * batch, sections = [5, 2], key = digest('1'), kind = 'outputs', place }: Part,
  from = 0,
) {
  return sealEnvelope({
    kind,
    parameters: digest('2'),
    encoding: digest('3'),
    key,
    samples,
    ...(place !== undefined && { place }),
    runs: Array.from({ length: runs }, (_, run) => sections.map((size) => new Uint8Array(size).fill(from + run))),
  });
}

async function join(files: readonly Uint8Array[]): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  const bytes = await joinCiphertexts(files.map(bytesAccess), (piece) => {
    pieces.push(piece);
    return Promise.resolve();
  });
  const joined = Buffer.concat(pieces);
  expect(joined.length).toBe(bytes);
  return joined;
}

test('parts of a file, however it is divided, are that file again', async () => {
  const division = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(division, fc.integer({ min: 1, max: batch }), async (sizes, last) => {
      const runs = sizes.reduce((sum, size) => sum + size, 0);
      let from = 0;
      const parts = sizes.map((size, k) => {
        const samples = size * batch - (k === sizes.length - 1 ? batch - last : 0);
        const part = file({ runs: size, samples }, from);
        from += size;
        return part;
      });
      expect(await join(parts)).toEqual(Buffer.from(file({ runs, samples: runs * batch - batch + last })));
    }),
  );
});

test.each<readonly [string, readonly Part[], string]>([
  ['of another key', [{ runs: 1 }, { runs: 1, key: digest('4') }], 'H606'],
  ['of inputs', [{ runs: 1 }, { runs: 1, kind: 'inputs' }], 'H603'],
  ['with ciphertexts of other sizes', [{ runs: 1 }, { runs: 1, sections: [5, 3] }], 'H650'],
  ['with more ciphertexts', [{ runs: 1 }, { runs: 1, sections: [5, 2, 1] }], 'H650'],
  ['behind one that is not full', [{ runs: 2, samples: 5 }, { runs: 1 }], 'H650'],
  ['with less than a full run in the middle', [{ runs: 1 }, { runs: 1, samples: 2 }, { runs: 1 }], 'H650'],
  ['with more samples than its runs hold', [{ runs: 1 }, { runs: 1, samples: 4 }], 'H650'],
  ['with a run that others have a share of', [{ runs: 1 }, { runs: 1, samples: 2, place: 1 }], 'H650'],
  ['with more runs than its samples fill', [{ runs: 1 }, { runs: 2, samples: 3 }], 'H650'],
])('a file %s is no part', async (_, parts, code) => {
  expect(await codesOfAsync(() => join(parts.map((part) => file(part))))).toEqual([code]);
});

test('a damaged part is found', async () => {
  const part = file({ runs: 1 });
  part.set([(part.at(-100) ?? 0) ^ 1], part.length - 68);
  expect(await codesOfAsync(() => join([file({ runs: 1 }), part]))).toEqual(['H604']);
});

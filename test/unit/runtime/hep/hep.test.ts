import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { type Diagnostic, formatDiagnostic, InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import { HE } from '../../../../ir/he/ops.ts';
import { evaluateHe } from '../../../../ir/interpret/he.ts';
import type { Plan } from '../../../../ir/plan/plan.ts';
import { readNpy } from '../../../../runtime/format/npy.ts';
import { readZip } from '../../../../runtime/format/zip.ts';
import { bytesAccess } from '../../../../runtime/format/random-access.ts';
import { openClientPart, readClientPart, writeClientPart } from '../../../../runtime/hep/client-part.ts';
import { openHep, readHep } from '../../../../runtime/hep/read.ts';
import { writeHep } from '../../../../runtime/hep/write.ts';
import { formerParameters, smallPlan } from '../../../fuzz/targets/small-plan.ts';
import { boundPlan, plan } from './plans.ts';

const limits = { maxEntries: 1000, maxTotalBytes: 1e9, allowDeflate: false };

test('a plan is read as it was written, and written the same again', () => {
  const original = plan();
  const bytes = writeHep(original);
  const read = readHep(bytes, 'plan.hep');
  expect(read).toEqual(original);
  expect(writeHep(read)).toEqual(bytes);
});

test('a plan of the former table is read with a warning, whole and its client part, and any other without', async () => {
  const warnings: Diagnostic[] = [];
  const options = { onWarning: (warning: Diagnostic) => warnings.push(warning) };
  const former = writeHep(smallPlan(formerParameters));
  expect(readHep(former, 'former.hep', options)).toEqual(readHep(former, 'former.hep'));
  readClientPart(former, 'former.hep', options);
  await openHep(bytesAccess(former), 'former.hep', options);
  await openClientPart(bytesAccess(former), 'former.hep', options);
  expect(warnings.map(formatDiagnostic)).toEqual(
    Array.from(
      { length: 4 },
      () =>
        'warning[H513] former.hep, parameters: the modulus has 109 bits, which at N = 4096 is about 125 bits of security; ' +
        '128 take at most 107\n  help: Compile the model again with this version of hepc, and make new keys.',
    ),
  );
  readHep(writeHep(smallPlan()), 'small.hep', options);
  expect(warnings).toHaveLength(4);
});

test('doubles survive to the last bit', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-300, noNaN: true, noDefaultInfinity: true }), (x) => {
      const { client, ...rest } = plan();
      const changed: Plan = { ...rest, client: { ...client, maxError: x } };
      expect(readHep(writeHep(changed), 'p').client.maxError).toBe(x);
    }),
    { numRuns: 20 },
  );
});

test('the client part alone holds no program and no weights', () => {
  const { client } = plan();
  const bytes = writeClientPart(client);
  const entries = readZip(bytes, limits);
  expect([...entries.keys()]).toEqual([
    'manifest.json',
    'client/index-1.npy',
    'client/groups-1.npy',
    'client/output-index-1.npy',
    'client/output-constants-1.npy',
  ]);
  expect(Object.keys(JSON.parse(new TextDecoder().decode(entries.get('manifest.json'))) as object)).toEqual([
    'format',
    'version',
    'madeBy',
    'client',
    'entries',
  ]);
  expect(readClientPart(bytes, 'c.hep')).toEqual(client);
  expect(readClientPart(writeHep(plan()), 'p.hep')).toEqual(client);
  expect(writeClientPart(readClientPart(writeHep(plan()), 'p.hep'))).toEqual(bytes);
});

test('a bound plan is written without the weights that are encrypted', () => {
  const original = boundPlan();
  const bytes = writeHep(original);
  const read = readHep(bytes, 'bound.hep');
  expect(read.bound).toEqual(original.bound);
  expect(read.dumps.size).toBe(0);
  expect(read.statistics).toEqual(original.statistics);
  // Tile 0 is multiplied by and tile 1 is added in plain; tile 1 is the weight too. Nothing else is left.
  expect(read.program.packed.map((c) => [...c.values])).toEqual([[0.5, -0.25, 1, 0.125], [1, 1, 1, 1], [0]]);

  const op = original.program.columns.op;
  const weightAlone: Plan = {
    ...original,
    program: {
      ...original.program,
      columns: {
        ...original.program.columns,
        b: original.program.columns.b.map((b, id) => (op[id] === HE['add-plain'] ? 0 : b)),
      },
    },
  };
  const stripped = readHep(writeHep(weightAlone), 'bound.hep');
  expect(stripped.program.packed.map((c) => [...c.values])).toEqual([[0.5, -0.25, 1, 0.125], [0]]);
});

test('a bound plan computes with its plaintexts what the unbound one does', () => {
  const { program } = plan();
  const read = readHep(writeHep(boundPlan()), 'bound.hep').program;
  const inputs = [0, 1].map((k) => Float64Array.from({ length: program.slots }, (_, s) => Math.sin(s * (k + 1))));
  const until = program.columns.op.indexOf(HE['add-plain']);
  const seen = (module: typeof program) => {
    const values: number[][] = [];
    evaluateHe(module, inputs, {
      observe: (id, slots) => {
        if (id <= until && module.columns.op[id] !== HE.weight) values.push([...slots]);
      },
    });
    return values;
  };
  expect(seen(read)).toEqual(seen(program));
});

test('who made a file is written where the writer says so', () => {
  const manifest = (bytes: Uint8Array) =>
    JSON.parse(new TextDecoder().decode(readZip(bytes, limits).get('manifest.json'))) as { madeBy: string };
  expect(manifest(writeHep(plan(), { madeBy: 'hepc 9.9.9' })).madeBy).toBe('hepc 9.9.9');
});

test('a plan that could not be read back is not written', () => {
  const { client, ...rest } = plan();
  expect(() => writeHep({ ...rest, client: { ...client, predictedMaxError: NaN } })).toThrow(InternalError);
  expect(() => writeHep({ ...plan(), dumps: new Map([['../x', '']]) })).toThrow(InternalError);
});

test('columns are npy files, stored as they are', () => {
  const bytes = writeHep(plan());
  const scale = readZip(bytes, limits).get('program/scale.npy') ?? new Uint8Array();
  expect(readNpy(scale)).toEqual({ dtype: 'f8', shape: [17], data: plan().program.columns.scale });
  expect(Buffer.from(bytes).includes(Buffer.from(scale))).toBe(true);
});

test('numpy, where it is installed, reads it', (context) => {
  const hasNumpy = spawnSync('python3', ['-c', 'import numpy']).status === 0;
  if (!hasNumpy) context.skip('no numpy here');
  const folder = mkdtempSync(join(tmpdir(), 'hep-'));
  try {
    const path = join(folder, 'plan.hep');
    writeFileSync(path, writeHep(plan()));
    const script = `import zipfile, sys, io, numpy
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
print(numpy.load(io.BytesIO(z.read('weights/0.npy'))).tolist())`;
    const { stdout, stderr } = spawnSync('python3', ['-c', script, path], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual([
      [0.5, -0.25, 1, 0.125],
      [1, 1, 1, 1],
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

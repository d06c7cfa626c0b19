/** Small plans, and archives of them with something changed. */
import type { Plan } from '../../../../ir/plan/plan.ts';
import { planStatistics } from '../../../../costs/plan-statistics.ts';
import { sha256Hex } from '../../../../ir/digest.ts';
import { duplicated, gap, Layout, tiled } from '../../../../ir/tile/layout.ts';
import { readZip, writeZip } from '../../../../runtime/format/zip.ts';
import { managedProgram, parameters, scale, schedule } from '../../ir/he/programs.ts';

/**
 * A plan of the program with every op: one input of two ciphertexts of which one is sent, one of an index and of elements
 * of two scales, an output, and one of an index, of constants and of two ciphertexts of which one is sent.
 */
export function plan(): Plan {
  const program = managedProgram();
  const last = (scale * scale) / (parameters.primes[2] ?? 1);
  const predictedMaxError = 0.001;
  const picked = new Layout([tiled(6, 4), gap(512)], 2);
  // Reading a plan looks up where picked elements stand, which the layout keeps.
  picked.firstPlaces();
  const port = { shape: [2, 3], hasBatchAxis: true, factor: 0.5 };
  return {
    client: {
      name: 'test',
      parameters,
      batch: 2,
      inputs: [
        {
          ...port,
          name: 'x',
          index: Int32Array.of(0, 1, 2, 3, 4, 5),
          layout: new Layout([tiled(6, 4), duplicated(512)], 2),
          firstCiphertext: 0,
          used: [false, true],
          level: 3,
          scale,
          maxAbs: 1,
        },
        {
          ...port,
          name: 'y/0:"ü"',
          index: Int32Array.of(5, -1, 3, 3),
          layout: new Layout([tiled(4, 4), gap(512)], 2),
          firstCiphertext: 1,
          used: [true],
          level: 2,
          scale,
          maxAbs: 2.5,
          groups: {
            groups: [
              { calibrated: [-2.5, 2.5], together: [-2.5, 2.5], alone: [-2.5, 2.5] },
              { calibrated: [0, 0.5], together: [0, 0.625], alone: [-0.25, 1] },
              { calibrated: [1, 2], together: [1, 2], alone: [1, 2], clips: true },
            ],
            groupOf: Int32Array.of(0, 1, 0, 1, 2, 0),
          },
        },
      ],
      outputs: [
        {
          ...port,
          name: 'a',
          layout: new Layout([tiled(6, 8), gap(256)], 2),
          firstCiphertext: 0,
          used: [true],
          level: 0,
          scale: last,
        },
        {
          ...port,
          name: 'b',
          index: Int32Array.of(4, -1, 5, 4, -1, -1),
          constants: Float64Array.of(0, 0.25, 0, 0, -3, 0),
          layout: picked,
          firstCiphertext: 1,
          used: [false, true],
          level: 1,
          scale: last,
        },
      ],
      rotationSteps: [0, 5, 64],
      needsRelinKeys: true,
      maxError: 0.01,
      predictedMaxError,
      synthetic: false,
      calibration: {
        samples: 8,
        inputs: ['x', 'y/0:"ü"'].map((name) => ({
          name,
          mean: [-0.5, 0.25],
          norm: [0, 2],
          deviation: [0.125, 1],
          roughness: [1, 1],
        })),
        outputs: [
          { name: 'a', largest: 3 },
          { name: 'b', largest: 0 },
        ],
      },
    },
    engine: 'simd',
    weights: 'encrypted',
    program: { ...program, origins: [[{ name: 'Gemm_0', opType: 'Gemm', output: 'y' }], []] },
    schedule: schedule(program),
    statistics: planStatistics(program, 'simd', { weightTilesPruned: 7, predictedMaxError }),
    dumps: new Map([['tensor', 'module @test\n']]),
  };
}

export function boundPlan(): Plan {
  return { ...plan(), bound: { publicKeyDigest: 'ab'.repeat(32), ciphertexts: [Uint8Array.of(1, 2, 3)] } };
}

type Json = Record<string, unknown>;

/**
 * The archive with its entries and manifest changed, and written again; with `digests` the manifest lists the entries
 * as they are now.
 */
export function repack(
  bytes: Uint8Array,
  edit: (entries: Map<string, Uint8Array>, manifest: Json) => void,
  digests = true,
): Uint8Array {
  const entries = new Map(readZip(bytes, { maxEntries: 1000, maxTotalBytes: 1e9, allowDeflate: false }));
  const manifest = JSON.parse(new TextDecoder().decode(entries.get('manifest.json'))) as Json;
  entries.delete('manifest.json');
  edit(entries, manifest);
  const listed = Array.from(entries, ([name, content]) => ({ name, sha256: sha256Hex(content) }));
  const whole = digests ? { ...manifest, entries: listed } : manifest;
  const text = new TextEncoder().encode(JSON.stringify(whole));
  return writeZip(
    [{ name: 'manifest.json', bytes: text }, ...Array.from(entries, ([name, content]) => ({ name, bytes: content }))],
    { allowAnyName: true },
  );
}

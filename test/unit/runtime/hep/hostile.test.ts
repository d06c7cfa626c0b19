/** Bytes that nobody vouches for: every one of them a diagnostic, never anything else. */
import fc from 'fast-check';
import { zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';

import { HepcError, InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import { writeNpy } from '../../../../runtime/format/npy.ts';
import { readZip } from '../../../../runtime/format/zip.ts';
import type { ClientPart } from '../../../../ir/plan/plan.ts';
import { checkClientPart } from '../../../../runtime/hep/check-client.ts';
import { readClientPart, writeClientPart } from '../../../../runtime/hep/client-part.ts';
import { readHep } from '../../../../runtime/hep/read.ts';
import { writeHep } from '../../../../runtime/hep/write.ts';
import { boundPlan, plan, repack } from './plans.ts';
import { casesOf } from '../../../support/setup/suite.ts';

const whole = writeHep(plan());
const bound = writeHep(boundPlan());

/** `code: message` of everything that reading says. */
function complaints(bytes: Uint8Array, read: (bytes: Uint8Array, file: string) => unknown = readHep): string[] {
  try {
    read(bytes, 'x.hep');
    return [];
  } catch (error) {
    if (!(error instanceof HepcError)) throw error;
    expect(error.diagnostics.every((d) => d.at.file === 'x.hep')).toBe(true);
    return error.diagnostics.map((d) => `${d.code}: ${d.at.part ?? ''}: ${d.message}`);
  }
}

type Json = Record<string, unknown>;

/** The object or array at a path of keys. */
function within(json: unknown, path: readonly (string | number)[]): Json {
  return path.reduce<unknown>((value, key) => (value as Json)[key], json) as Json;
}

/** The plan with one field of its manifest changed. */
function withField(path: readonly (string | number)[], value: unknown, from = whole): Uint8Array {
  return repack(from, (_, manifest) => {
    within(manifest, path.slice(0, -1))[String(path.at(-1))] = value;
  });
}

function withEntry(name: string, bytes: Uint8Array, from = whole): Uint8Array {
  return repack(from, (entries) => {
    entries.set(name, bytes);
  });
}

const i4 = (...data: number[]) => writeNpy({ dtype: 'i4', shape: [data.length], data: Int32Array.from(data) });
const f8 = (shape: number[], ...data: number[]) => writeNpy({ dtype: 'f8', shape, data: Float64Array.from(data) });

test('packing again without a change is fine', () => {
  expect(complaints(repack(whole, () => undefined))).toEqual([]);
  expect(complaints(repack(bound, () => undefined))).toEqual([]);
});

describe('archives', () => {
  test('no zip, an empty one, one cut short', () => {
    expect(complaints(new Uint8Array())[0]).toMatch(/^H509: .*the file is empty/);
    expect(complaints(new TextEncoder().encode('{"not": "a zip"}'))[0]).toMatch(/^H509: .*the file is JSON/);
    expect(complaints(Uint8Array.of(7, 0, 1, 2))[0]).toMatch(/^H501: .*not a zip archive/);
    expect(complaints(zipSync({}))[0]).toMatch(/^H503: manifest.json: .*missing/);
    expect(complaints(whole.subarray(0, 2000))[0]).toMatch(/^H501: .*cut short/);
  });

  test('a compressed one, such as a zip bomb', () => {
    const bomb = zipSync({ 'manifest.json': [new Uint8Array(1 << 24), { level: 9 }] });
    expect(complaints(bomb)[0]).toMatch(/^H501: manifest.json: .*compressed/);
  });

  test('names that lead out of a folder', () => {
    expect(complaints(withEntry('../../etc/passwd', Uint8Array.of(1)))[0]).toMatch(/^H501: .*not a plain path/);
    expect(complaints(withEntry('/etc/passwd', Uint8Array.of(1)))[0]).toMatch(/^H501: .*absolute/);
  });

  test('altered, unlisted, missing and repeated entries', () => {
    const altered = repack(whole, (entries) => entries.set('weights/0.npy', f8([2, 4], 9, 9, 9, 9, 9, 9, 9, 9)), false);
    expect(complaints(altered)).toEqual([expect.stringMatching(/^H504: weights\/0.npy: .*altered/)]);
    const more = repack(whole, (entries) => entries.set('extra.txt', Uint8Array.of(1)), false);
    expect(complaints(more)).toEqual([expect.stringMatching(/^H504: extra.txt: .*does not list/)]);
    const fewer = repack(whole, (entries) => entries.delete('program/a.npy'), false);
    expect(complaints(fewer)).toEqual([expect.stringMatching(/^H504: program\/a.npy: .*missing/)]);
    const twice = repack(
      whole,
      (_, manifest) => {
        const list = manifest['entries'] as unknown[];
        list.push(list[0]);
      },
      false,
    );
    expect(complaints(twice)).toEqual([expect.stringMatching(/^H504: .*lists this entry twice/)]);
  });

  test('listed entries that this version does not know', () => {
    expect(complaints(withEntry('extra.txt', Uint8Array.of(1)))).toEqual([expect.stringMatching(/^H504: extra.txt/)]);
    expect(complaints(withEntry('weights/7.npy', f8([1, 1], 1)))).toEqual([expect.stringMatching(/^H504: weights\/7/)]);
    expect(complaints(withEntry('ir/..x.ir', Uint8Array.of(1)))).toEqual([expect.stringMatching(/^H504: ir/)]);
  });

  test('swapped entries', () => {
    const swapped = repack(whole, (entries) => {
      const [a, b] = [entries.get('program/a.npy'), entries.get('program/b.npy')];
      if (a === undefined || b === undefined) throw new InternalError('no columns');
      entries.set('program/a.npy', b).set('program/b.npy', a);
    });
    expect(complaints(swapped).join()).toMatch(/H250/);
  });

  test('texts that are not UTF-8', () => {
    expect(complaints(withEntry('ir/tensor.ir', Uint8Array.of(0xff, 0xfe)))[0]).toMatch(
      /^H504: ir\/tensor.ir: .*UTF-8/,
    );
  });
});

describe('manifests', () => {
  test('not JSON, not an object, not ours', () => {
    const replaced = (text: string) => zipSync({ 'manifest.json': [new TextEncoder().encode(text), { level: 0 }] });
    expect(complaints(replaced('{'))[0]).toMatch(/^H503: manifest.json: .*not JSON/);
    expect(complaints(replaced('[1]'))[0]).toMatch(/^H503/);
    expect(complaints(replaced('{"format": "zip"}'))[0]).toMatch(/^H503: .*format/);
    expect(complaints(replaced('['.repeat(1_000_000)))[0]).toMatch(/^H503/);
    expect(complaints(replaced('['.repeat(100_000) + ']'.repeat(100_000)))[0]).toMatch(/^H503/);
  });

  test('figures of another cost model are passed over, and computed anew', () => {
    const statistics = plan().statistics;
    for (const peakBytes of [1, -1, 'much']) {
      const other = repack(whole, (_, manifest) => {
        const server = manifest['server'] as { statistics: Record<string, unknown> };
        expect(Object.keys(server.statistics)).not.toContain('peakBytes');
        server.statistics = { ...server.statistics, peakBytes, milliseconds: 1e300 };
      });
      expect(readHep(other, 'other.hep').statistics).toEqual(statistics);
    }
  });

  test('an engine that there is not', () => {
    expect(complaints(withField(['server', 'engine'], 'gpu'))[0]).toMatch(/^H503: .*server\.engine/);
  });

  test.each([1, 2, 3, 7])('version %i says who made it and what is read here', (version) => {
    const other = repack(whole, (_, manifest) => {
      manifest['version'] = version;
      manifest['madeBy'] = 'hepc 7.0.0';
      manifest['new'] = 1;
    });
    expect(complaints(other)).toEqual([
      `H502: manifest.json: the file has format version ${version}, made by hepc 7.0.0; this hepc reads versions 4 to 6`,
    ]);
    expect(complaints(withField(['version'], 0))[0]).toMatch(/^H503: .*version/);
  });

  test('version 4 names the one special prime that there was', () => {
    const { polyModulusDegree, primes, specialPrimes } = plan().client.parameters;
    const [specialPrime] = specialPrimes;
    const old = withField(['client', 'parameters'], { polyModulusDegree, primes, specialPrime });
    const older = withField(['version'], 4, old);
    expect(readHep(older, 'older.hep').client.parameters).toEqual(plan().client.parameters);
  });

  test.each([4, 5])('version %i has one bound for all elements of an input', (version) => {
    const older = repack(whole, (entries, manifest) => {
      manifest['version'] = version;
      entries.delete('client/groups-1.npy');
      const { inputs } = manifest['client'] as { inputs: Record<string, unknown>[] };
      for (const input of inputs) delete input['groups'];
    });
    const [, input] = readHep(older, 'older.hep').client.inputs;
    expect(input?.groups).toBeUndefined();
    expect(input?.maxAbs).toBe(2.5);
  });

  const fields: readonly (readonly [string, readonly (string | number)[], unknown, RegExp])[] = [
    ['an unknown field', ['client', 'secret'], 1, /client: .*secret/],
    ['a missing field', ['client', 'batch'], undefined, /client\.batch/],
    ['primes that are no integers', ['client', 'parameters', 'primes', 0], 1.5, /client\.parameters\.primes\[0\]/],
    ['a prime that is not 1 modulo 2N', ['client', 'parameters', 'primes', 0], 7, /not 1 modulo twice the degree/],
    ['a composite prime', ['client', 'parameters', 'primes', 0], 8193 * 40961, /composite/],
    ['an input that clears the screen', ['client', 'inputs', 0, 'name'], 'x\u001b[2J', /holds control characters/],
    ['an output of two lines', ['client', 'outputs', 0, 'name'], 'a\nb', /holds control characters/],
    ['an output that is written backwards', ['client', 'outputs', 0, 'name'], 'a\u202eb', /holds control characters/],
    ['a plan with a bell', ['client', 'name'], '\u0007', /client\.name: holds control characters/],
    ['a program with a bell', ['server', 'name'], '\u009b', /server\.name: holds control characters/],
    ['a node that deletes', ['server', 'origins', 0, 0, 'name'], '\u007f', /origins.*holds control characters/],
    ['an insecure modulus', ['client', 'parameters', 'polyModulusDegree'], 4096, /more than 109 bits: not secure/],
    ['a degree of its own', ['client', 'parameters', 'polyModulusDegree'], 64, /polyModulusDegree/],
    ['a tile size of three', ['client', 'inputs', 0, 'layout', 'dims', 0, 't'], 3, /power of two/],
    ['a duplicated dimension of six', ['client', 'inputs', 0, 'layout', 'dims', 0, 'duplicated'], true, /duplicated/],
    ['too many elements', ['client', 'inputs', 0, 'layout', 'dims', 0, 'n'], 1e9, /dims\[0\]/],
    ['too many ciphertexts', ['client', 'inputs', 0, 'layout', 'dims', 0, 'n'], 2 ** 20, /too many ciphertexts/],
    ['a scale of zero', ['client', 'inputs', 0, 'scale'], 0, /inputs\[0\]\.scale/],
    [
      'a range upside down',
      ['client', 'calibration', 'inputs', 0, 'mean'],
      [1, 0],
      /calibration\.inputs.*above its most/,
    ],
    ['a negative norm', ['client', 'calibration', 'inputs', 0, 'norm'], [-1, 0], /a norm is negative/],
    ['calibration by hardly a sample', ['client', 'calibration', 'samples'], 1, /calibration\.samples/],
    ['a digest that is none', ['server', 'bound'], { publicKeyDigest: 'x', ciphertexts: 0 }, /hexadecimal/],
    ['a shape with a zero', ['client', 'outputs', 0, 'shape'], [0], /outputs\[0\]\.shape/],
    ['a negative index', ['client', 'outputs', 0, 'firstCiphertext'], -1, /firstCiphertext/],
  ];
  test.each(fields)('%s', (_, path, value, message) => {
    const [first] = complaints(withField(path, value));
    expect(first).toMatch(/^H503: manifest.json/);
    expect(first).toMatch(message);
  });
});

describe('arrays', () => {
  const cases: readonly (readonly [string, string, Uint8Array, RegExp])[] = [
    [
      'a column of another type',
      'program/a.npy',
      f8([16], ...new Array<number>(16).fill(0)),
      /^H505: .*17 elements of i4/,
    ],
    ['a column of another length', 'program/a.npy', i4(1, 2), /^H505: .*\[2\]/],
    ['a column of two axes', 'program/op.npy', f8([1, 1], 1), /^H505/],
    ['packed weights of one axis', 'weights/0.npy', f8([8], 1, 2, 3, 4, 5, 6, 7, 8), /^H505: .*matrix of f8/],
    ['no array at all', 'program/a.npy', Uint8Array.of(1, 2, 3), /^H403/],
    ['an index of another length', 'client/index-1.npy', i4(1, 2), /^H505: client\/index-1.npy/],
    ['an index out of range', 'client/index-1.npy', i4(0, 1, 6, 0), /^H506: input y.*element 6 of 6/],
    ['groups of another length', 'client/groups-1.npy', i4(0, 1), /^H505: client\/groups-1.npy/],
    ['a group that there is not', 'client/groups-1.npy', i4(0, 1, 3, 0, 0, 0), /^H506: input y.*of group 3 of 3/],
    ['an output index of another length', 'client/output-index-1.npy', i4(4), /^H505: .*6 elements of i4/],
    ['an output index out of range', 'client/output-index-1.npy', i4(4, 6, 4, 4, 4, 4), /^H506: output b.* 6 of 6/],
    ['an output index below', 'client/output-index-1.npy', i4(4, -2, 4, 4, 4, 4), /^H506: output b.* -2 of 6/],
    ['constants of another length', 'client/output-constants-1.npy', f8([1], 1), /^H505: .*6 elements of f8/],
    ['constants of indices', 'client/output-constants-1.npy', i4(1, 2, 3, 4, 5, 6), /^H505: .*6 elements of f8/],
    ['infinite constants', 'client/output-constants-1.npy', f8([6], 0, Infinity, 0, 0, 0, 0), /^H506: .*not finite/],
    ['a read of what is not sent', 'client/output-index-1.npy', i4(0, -1, 4, 4, 4, 4), /^H506: output b.*not sent/],
  ];
  test.each(cases)('%s', (_, name, bytes, message) => {
    expect(complaints(withEntry(name, bytes))[0]).toMatch(message);
  });

  test('a broken program and a broken schedule', () => {
    const imm = plan().program.columns.imm.slice();
    imm[5] = 4096;
    expect(complaints(withEntry('program/imm.npy', i4(...imm)))[0]).toMatch(/^H255: %5/);
    expect(complaints(withEntry('schedule/buffer.npy', i4(...new Array<number>(16).fill(0))))[0]).toMatch(/^H259/);
  });
});

describe('parts that contradict one another', () => {
  const cases: readonly (readonly [string, readonly (string | number)[], unknown, RegExp])[] = [
    ['slots', ['client', 'inputs', 0, 'layout', 'dims', 1, 't'], 256, /input x: the layout has 2048 slots/],
    ['batch tiles', ['client', 'outputs', 1, 'layout'], layoutText(4, 1024), /batch tile is 4, elsewhere 2/],
    ['a batch beyond the tile', ['client', 'batch'], 3, /the batch 3/],
    ['elements of an output', ['client', 'outputs', 0, 'shape'], [7], /6 elements, the shape 7/],
    ['used ciphertexts', ['client', 'inputs', 0, 'used'], [true], /2 ciphertexts, but 1/],
    [
      'more used ciphertexts',
      ['client', 'inputs', 0, 'used'],
      [true, true],
      /first ciphertext of "y.* is 1, expected 2/,
    ],
    ['used ciphertexts of outputs', ['client', 'outputs', 1, 'used'], [true], /output b: .*2 ciphertexts, but 1/],
    ['outputs that are not sent', ['client', 'outputs', 0, 'used'], [false], /output a: .*not sent/],
    ['constants without an index', ['client', 'outputs', 1, 'index'], undefined, /H504: client\/output-index-1.npy/],
    ['names', ['client', 'outputs', 1, 'name'], 'a', /"a" occurs twice/],
    ['a level above the top', ['client', 'inputs', 0, 'level'], 4, /above the top level 3/],
    ['a scale beyond the modulus', ['client', 'outputs', 0, 'scale'], 2 ** 35, /exceeds the modulus/],
    ['a factor beyond all bounds', ['client', 'inputs', 0, 'factor'], 1e300, /input x: .* exceed what level 3 holds/],
    ['a negative factor beyond all bounds', ['client', 'inputs', 0, 'factor'], -1e300, /exceed what level 3 holds/],
    ['values beyond all bounds', ['client', 'inputs', 1, 'maxAbs'], 1e308, /input y.* exceed what level 2 holds/],
    [
      'intervals that are not within one another',
      ['client', 'inputs', 1, 'groups', 1, 'together'],
      [0.25, 0.625],
      /input y.*: the intervals of group 1 are not within one another/,
    ],
    [
      'an interval beyond the largest value',
      ['client', 'inputs', 1, 'groups', 1, 'alone'],
      [-0.25, 3],
      /input y.*: the intervals of group 1 .* not within ±2.5/,
    ],
    ['an input of a huge scale', ['client', 'inputs', 0, 'scale'], 1e300, /exceed what level 3 holds/],
    ['an input of a tiny scale', ['client', 'inputs', 0, 'scale'], 5e-324, /exceed what level 3 holds/],
    ['an output of a tiny scale', ['client', 'outputs', 0, 'scale'], 5e-324, /answers up to .* are no numbers/],
    ['an output of a huge factor', ['client', 'outputs', 0, 'factor'], 1e308, /answers up to .* are no numbers/],
    ['levels', ['client', 'inputs', 0, 'level'], 2, /level 3 and scale .* in the program, level 2/],
    ['scales', ['client', 'outputs', 1, 'scale'], 2 ** 20, /output b: ciphertext 1/],
    ['fewer outputs', ['client', 'outputs'], [], /H503/],
    [
      'inputs fewer than entries',
      ['client', 'inputs'],
      [],
      /H504: client\/index-1.npy: the entry is none that this version knows/,
    ],
    [
      'calibration of another input',
      ['client', 'calibration', 'inputs', 0, 'name'],
      'z',
      /calibration: it is of the inputs/,
    ],
    [
      'calibration of fewer outputs',
      ['client', 'calibration', 'outputs'],
      [],
      /calibration: it is of the outputs \[\], the plan/,
    ],
    ['calibration of synthetic plans', ['client', 'synthetic'], true, /calibration: the plan is synthetic/],
    ['steps that are missing', ['client', 'rotationSteps'], [0, 64], /the Galois key of step 5/],
    ['steps out of order', ['client', 'rotationSteps'], [64, 5], /step 5 is out of order/],
    ['steps beyond the slots', ['client', 'rotationSteps'], [5, 4096], /step 4096/],
    ['relinearisation keys', ['client', 'needsRelinKeys'], false, /needsRelinKeys/],
    [
      'levels of keys that have all',
      ['client', 'keyLevels'],
      { rotations: [0, 0, 0] },
      /keyLevels: with one special prime, keys have all levels/,
    ],
    ['plain weights', ['server', 'weights'], 'plain', /plain weights has encrypted/],
    ['statistics', ['server', 'statistics', 'rotations'], 0, /statistics\.rotations: it is 0, but the program has 2/],
    ['modulus bits', ['server', 'statistics', 'modulusBits'], [60], /modulusBits/],
    ['predicted errors', ['client', 'predictedMaxError'], 0.5, /predictedMaxError/],
    ['slots of the program', ['server', 'slots'], 2048, /H250/],
  ];
  test.each(cases)('%s', (_, path, value, message) => {
    expect(complaints(withField(path, value)).join('\n')).toMatch(message);
  });

  test('inputs that the program does not have', () => {
    const fewer = repack(whole, (entries, manifest) => {
      entries.delete('client/index-1.npy');
      entries.delete('client/groups-1.npy');
      for (const part of [within(manifest, ['client']), within(manifest, ['client', 'calibration'])])
        part['inputs'] = (part['inputs'] as unknown[]).slice(0, 1);
    });
    expect(complaints(fewer)).toEqual([
      expect.stringMatching(/H506: inputs: .* 2 input ciphertexts, the client part 1/),
    ]);
  });

  test('outputs in another order', () => {
    const swapped = repack(whole, (_, manifest) => {
      const client = within(manifest, ['client']);
      const [a, b] = client['outputs'] as Json[];
      client['outputs'] = [
        { ...a, firstCiphertext: 1 },
        { ...b, firstCiphertext: 0 },
      ];
    });
    expect(complaints(swapped).join('\n')).toMatch(/H506: outputs: the first ciphertext of "a" is 1, expected 0/);
    expect(complaints(swapped, readClientPart).join('\n')).toMatch(/H506: outputs/);
  });

  test('more ciphertexts than a file holds', () => {
    expect(checkClientPart(withCiphertexts(40_000), 'x.hep').map(({ message }) => message)).toContain(
      'a run has 80000 ciphertexts; a file holds 65536',
    );
  });

  test('more keys than an engine can hold', () => {
    const steps = Array.from({ length: 4095 }, (_, i) => i + 1);
    expect(complaints(withField(['client', 'rotationSteps'], steps)).join('\n')).toMatch(/H508: .* 4096 keys/);
  });

  test('input ciphertexts of other numbers', () => {
    const imm = plan().program.columns.imm.slice();
    imm[1] = 9;
    expect(complaints(withEntry('program/imm.npy', i4(...imm)))).toEqual([
      expect.stringMatching(/H506: input y.*ciphertext 1 is not in the program/),
    ]);
  });

  test('bound weights', () => {
    const count = ['server', 'bound', 'ciphertexts'];
    expect(complaints(withField(count, 2, bound)).join()).toMatch(/H504: bound\/1.ct: the entry is missing/);
    expect(complaints(withField(count, 0, bound)).join()).toMatch(/H504: bound\/0.ct/);
    expect(complaints(withField(count, 2, withEntry('bound/1.ct', Uint8Array.of(1), bound)))[0]).toMatch(
      /2 ciphertexts for 1/,
    );
    expect(complaints(withEntry('bound/0.ct', new Uint8Array(500_000), bound))[0]).toMatch(/larger than a ciphertext/);
  });
});

function layoutText(batchTile: number, gap: number): unknown {
  const flags = { duplicated: false, unknown: false, interleaved: false };
  return {
    dims: [
      { n: 6, t: 8, ...flags },
      { n: 1, t: gap / 8, ...flags, unknown: true },
    ],
    batchTile,
  };
}

/** The client part with so many ciphertexts in each of two inputs. */
function withCiphertexts(count: number): ClientPart {
  const { client } = plan();
  const used = Array.from({ length: count }, () => true);
  return { ...client, inputs: client.inputs.map((input, k) => ({ ...input, used, firstCiphertext: k * count })) };
}

describe('client parts', () => {
  const split = writeClientPart(plan().client);

  test('one is no plan', () => {
    expect(complaints(split)[0]).toMatch(/^H507/);
  });

  test('what is altered in it is found, what is altered elsewhere is not its business', () => {
    const altered = (from: Uint8Array, name: string) =>
      repack(from, (entries) => entries.set(name, i4(0, 0, 0, 0)), false);
    expect(complaints(altered(split, 'client/index-1.npy'), readClientPart)[0]).toMatch(/^H504/);
    expect(complaints(altered(whole, 'client/index-1.npy'), readClientPart)[0]).toMatch(/^H504/);
    expect(complaints(altered(whole, 'program/a.npy'), readClientPart)).toEqual([]);
  });

  test('it holds nothing else', () => {
    expect(complaints(withEntry('weights/0.npy', f8([1, 1], 1), split), readClientPart)[0]).toMatch(/^H504: weights/);
    expect(complaints(withEntry('client/index-9.npy', i4(1), whole), readClientPart)[0]).toMatch(
      /^H504: client\/index-9/,
    );
  });

  test('contradictions in it are found', () => {
    const field = ['client', 'rotationSteps'];
    expect(complaints(withField(field, [3, 2], split), readClientPart)[0]).toMatch(/^H506: rotationSteps/);
  });
});

describe('fuzzing', () => {
  const read = (bytes: Uint8Array) => [complaints(bytes), complaints(bytes, readClientPart)];

  test('flipped bits and bytes cut off', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(bound.length - 1), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 }),
        fc.option(fc.nat(bound.length)),
        (flips, length) => {
          const bytes = bound.slice(0, length ?? bound.length);
          for (const [at, mask] of flips) if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ mask;
          read(bytes);
        },
      ),
      { numRuns: casesOf({ normal: 90, nightly: 300 }) },
    );
  });

  test('manifests with anything anywhere', () => {
    const anything = fc.oneof(
      fc.integer(),
      fc.double(),
      fc.constantFrom(0, -1, 0.5, 2 ** 31, 2 ** 32, 2 ** 53, 1e308, null, true, '', 'identity', 'entry', 'plain'),
      fc.array(fc.nat(9), { maxLength: 3 }),
      fc.object({ maxDepth: 1 }),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(whole, bound),
        fc.infiniteStream(fc.nat()),
        anything,
        fc.boolean(),
        (from, path, value, remove) => {
          const changed = repack(from, (_, manifest) => {
            let at: Json = manifest;
            for (const choice of path) {
              const keys = Object.keys(at);
              const key = keys[choice % keys.length];
              if (key === undefined) return;
              const next = at[key];
              const isLeaf = typeof next !== 'object' || next === null || choice % 5 === 0;
              if (!isLeaf) {
                at = next as Json;
                continue;
              }
              if (remove && !Array.isArray(at)) at[key] = undefined;
              else at[key] = value;
              return;
            }
          });
          read(changed);
        },
      ),
      { numRuns: casesOf({ normal: 120, nightly: 400 }) },
    );
  });

  test('arrays with anything anywhere', () => {
    const names = [...readZip(bound, { maxEntries: 100, maxTotalBytes: 1e9, allowDeflate: false }).keys()];
    fc.assert(
      fc.property(
        fc.constantFrom(...names.filter((name) => name.endsWith('.npy'))),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (name, changes) => {
          const changed = repack(bound, (entries) => {
            const bytes = (entries.get(name) ?? new Uint8Array()).slice();
            for (const [at, byte] of changes) bytes[bytes.length - 1 - (at % Math.min(bytes.length, 140))] = byte;
            entries.set(name, bytes);
          });
          read(changed);
        },
      ),
      { numRuns: casesOf({ normal: 120, nightly: 400 }) },
    );
  });

  test('entries in the place of others', () => {
    const names = [...readZip(bound, { maxEntries: 100, maxTotalBytes: 1e9, allowDeflate: false }).keys()].slice(1);
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.constantFrom(...names), (from, to) => {
        read(
          repack(bound, (entries) => {
            entries.set(to, entries.get(from) ?? new Uint8Array());
          }),
        );
      }),
    );
  });
});

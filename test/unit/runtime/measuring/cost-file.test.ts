import { describe, expect, test } from 'vitest';
import { HepcError } from '../../../../ir/diagnostics/diagnostic.ts';
import { clientProfile } from '../../../../costs/client-costs.ts';
import { defaultCostTable } from '../../../../costs/op-costs.ts';
import { type CostOrigin, costOrigin, readCostFile, writeCostFile } from '../../../../runtime/measuring/cost-file.ts';

const measured = { costs: defaultCostTable, clientCosts: clientProfile.costs };
const origin: CostOrigin = {
  engine: 'seal-wasm',
  engineVersion: 'node-seal 1.2.3',
  clientVersion: 'node-seal 1.2.3',
  cpu: 'Some CPU @ 2 GHz',
};

/** A file with `change` made to its JSON. */
function changed(change: (file: Record<string, unknown>) => void): Uint8Array {
  const file = JSON.parse(new TextDecoder().decode(writeCostFile(measured, origin))) as Record<string, unknown>;
  change(file);
  return new TextEncoder().encode(JSON.stringify(file));
}

function refusals(bytes: Uint8Array): string[] {
  try {
    readCostFile(bytes, 'costs.json', origin);
  } catch (error) {
    if (!(error instanceof HepcError)) throw error;
    for (const { at, notes } of error.diagnostics) {
      expect(at.file).toBe('costs.json');
      expect(notes.join()).toContain('hepc measure-costs -o');
    }
    return error.diagnostics.map(({ code, at, message }) => `${code} ${at.part ?? '-'}: ${message}`);
  }
  throw new Error('it was not refused');
}

const text = (content: string): Uint8Array => new TextEncoder().encode(content);

describe('readCostFile', () => {
  test('reads what writeCostFile writes, on the same machine', () => {
    expect(readCostFile(writeCostFile(measured), 'costs.json')).toEqual(measured);
    expect(readCostFile(writeCostFile(measured, origin), 'costs.json', origin)).toEqual(measured);
  });

  test('knows the machine', () => {
    expect(costOrigin()).toMatchObject({ engine: 'simd', engineVersion: 'kernels 2' });
    const { engine, engineVersion, cpu } = costOrigin('seal-wasm');
    expect(engine).toBe('seal-wasm');
    expect(engineVersion).toMatch(/^node-seal \d+\.\d+\.\d+/);
    expect(cpu).not.toBe('');
  });

  test.each([
    ['nothing', text(''), 'H360 -: this is no file of costs: it is not JSON'],
    ['bytes', Uint8Array.of(0xff, 0xfe, 0), 'H360 -: this is no file of costs: it is not text in UTF-8'],
    ['a file that is cut off', writeCostFile(measured, origin).subarray(0, 500), 'it is not JSON'],
    ['a huge file', new Uint8Array(2 ** 20 + 1), 'more than 1048576 bytes'],
    ['JSON of something else', text('[1, 2]'), 'H360 -: '],
    ['another format', changed((file) => (file['format'] = 'costs')), 'H360 format: '],
    ['no version', changed((file) => delete file['version']), 'H360 version: '],
    ['an older version', changed((file) => Object.assign(file, { version: 3, table: [] })), 'H361 -: the costs are in'],
    ['a future version', changed((file) => Object.assign(file, { version: 7, table: [] })), 'H361 -: the costs are in'],
    ['an unknown field', changed((file) => (file['cores'] = 4)), 'H360 -: '],
    ['no table', changed((file) => delete file['table']), 'H360 table: '],
    [
      'no costs at a degree that the engine takes',
      changed((file) => delete (file['table'] as Record<string, unknown>)['32768']),
      'H360 table.32768: this is no file of costs: has no costs, and the engine takes it',
    ],
    ['no costs of the client', changed((file) => delete file['client']), 'H360 client: '],
    ['another client', changed((file) => (file['clientVersion'] = 'node-seal 6.0.0')), 'a client (node-seal 6.0.0)'],
    ['another engine', changed((file) => (file['engine'] = 'simd')), 'measured with simd (node-seal 1.2.3); plans'],
    ['another engine version', changed((file) => (file['engineVersion'] = 'node-seal 6.0.0')), 'H362 -: '],
    ['another processor', changed((file) => (file['cpu'] = 'Z80')), 'measured on "Z80"; this is "Some CPU @ 2 GHz"'],
  ])('refuses %s', (_, bytes, expected) => {
    const [refusal, ...others] = refusals(bytes);
    expect(refusal).toContain(expected);
    expect(others).toEqual([]);
  });

  test('refuses costs that no operation can have, each with its place', () => {
    const withCost = (cost: unknown): Uint8Array =>
      changed((file) => {
        (file['table'] as Record<string, Record<string, unknown>>)['8192'] = {
          ...defaultCostTable[8192],
          rotate: cost,
        };
      });
    const place = 'H360 table.8192.rotate';
    expect(refusals(withCost(undefined))).toEqual([expect.stringContaining(place)]);
    expect(refusals(withCost({ base: -1, perPrime: 1, perPair: 0 }))).toEqual([
      expect.stringContaining(`${place}.base`),
    ]);
    expect(refusals(withCost({ base: 0, perPrime: 1e9, perPair: 0 }))[0]).toContain(`${place}.perPrime`);
    expect(refusals(withCost({ base: 0, perPrime: 0, perPair: 0 }))[0]).toContain('takes no time');
    expect(refusals(withCost({ perPrime: 'fast', perPair: null }))).toHaveLength(3);
  });

  test('names engine and processor at once', () => {
    const other = writeCostFile(measured, { ...origin, engineVersion: 'node-seal 0', cpu: 'Z80' });
    expect(refusals(other).map((refusal) => refusal.slice(0, 4))).toEqual(['H362', 'H363']);
  });
});

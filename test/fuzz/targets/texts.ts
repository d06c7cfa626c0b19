/** Texts: modules of the IR, policies and orders of pruning, files of costs. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { parseModule } from '../../../ir/text/parse.ts';
import { printModule } from '../../../ir/text/print.ts';
import { verify } from '../../../ir/verify.ts';
import { ordersFromJson, ordersToJson } from '../../../passes/pruning/orders/orders-json.ts';
import { permuteModule } from '../../../passes/pruning/orders/apply-permutation.ts';
import { parsePolicy, printPolicy } from '../../../pruning/policy.ts';
import { clientProfile } from '../../../costs/client-costs.ts';
import { costTables } from '../../../costs/op-costs.ts';
import { readCostFile, writeCostFile } from '../../../runtime/measuring/cost-file.ts';
import { denseChain } from '../../support/tiny-networks.ts';
import { encodeJson, parseJson } from '../mutate/archive.ts';
import type { Draw } from '../mutate/draw.ts';
import { mutateBytes } from '../mutate/bytes.ts';
import { mutateJson } from '../mutate/json.ts';
import { mutateText } from '../mutate/text.ts';
import { expectSameBytes, Fault, type Target } from '../target.ts';

const golden = join(import.meta.dirname, '..', '..', 'golden');

/** The modules of the golden tests, at all levels. */
const modules = readdirSync(golden, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ir'))
  .sort()
  .flatMap((name) =>
    readFileSync(join(golden, name), 'utf8')
      .split(/^(?=hepc\.ir )/m)
      .slice(1),
  )
  .map((text) => text.replace(/^--- [^]*/m, ''));

const policies = ['auto', 'P4E:Gl/L1/Wei:0.0625', 'P2T:Lc/T-Avg', 'P3:Lc/Dat/Neu', 'P4:Gl/Err/Wei:.5e-1', 'P3E'];

const network = denseChain([6, 5, 4]);
const orders = ordersToJson(new Map(['x'].map((axis) => [axis, Int32Array.of(5, 4, 3, 2, 1, 0)])));

const origin = { engine: 'simd', engineVersion: '1', clientVersion: '1', cpu: 'any' };
const costs = writeCostFile({ costs: costTables.simd, clientCosts: clientProfile.costs }, origin);

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

export const textTargets: readonly Target[] = [
  {
    name: 'ir',
    mutate: (draw) => mutateText(draw, draw.pick(modules), modules),
    run: (bytes) => {
      const { module, diagnostics, locate } = parseModule(text(bytes), { fileName: 'x.ir' });
      if (module === undefined) throw new HepcError(diagnostics);
      const problems = verify(module, (id) => ({ file: 'x.ir', ...locate(id) }));
      if (problems.length > 0) throw new HepcError(problems);
      const printed = printModule(module);
      const again = parseModule(printed.text, { constants: (_, name) => printed.constants.get(name) });
      if (again.module === undefined) throw new Fault(`cannot be read back: ${String(again.diagnostics[0]?.message)}`);
      if (printModule(again.module).text !== printed.text) throw new Fault('is printed differently once read back');
    },
  },
  {
    name: 'policy',
    mutate: (draw) => mutateText(draw, draw.pick(policies), policies),
    run: (bytes) => {
      const policy = printPolicy(parsePolicy(text(bytes)));
      if (printPolicy(parsePolicy(policy)) !== policy) throw new Fault(`${policy} is another policy once read back`);
    },
  },
  {
    name: 'orders',
    mutate: (draw) => mutateJsonFile(draw, new TextEncoder().encode(orders)),
    run: (bytes) => {
      const found = ordersFromJson(text(bytes), network);
      if (verify(permuteModule(network, found)).length > 0) throw new Fault('the permuted network is not valid');
      if (ordersToJson(ordersFromJson(ordersToJson(found), network)) !== ordersToJson(found))
        throw new Fault('other orders once read back');
    },
  },
  {
    name: 'costs',
    mutate: (draw) => mutateJsonFile(draw, costs),
    run: (bytes) => {
      const table = readCostFile(bytes, 'x.json', origin);
      const written = writeCostFile(table, origin);
      expectSameBytes('two writings', written, writeCostFile(readCostFile(written, 'x.json', origin), origin));
    },
  },
];

function mutateJsonFile(draw: Draw, bytes: Uint8Array): Uint8Array {
  return draw.chance(0.15) ? mutateBytes(draw, bytes) : encodeJson(mutateJson(draw, parseJson(bytes)));
}

/** The schemes of HE-PEx on the models whose tables `npm run bench:hepex` leaves out: data-aware P4E loses less than P2T. */
import { expect, test } from 'vitest';

import { schemeTable } from '../../bench/hepex/schemes-table.ts';

const shares = [0.3, 0.6] as const;
const policies = ['P2T:Gl/T-Avg', 'P4E:Gl/Err/Wei:0.0625'] as const;

test.each(['cryptonets', 'ae-784-128-32-128-784'] as const)('%s', { timeout: 1_800_000 }, async (name) => {
  const { points, unpruned } = await schemeTable(name, 2, policies, shares);
  for (const share of shares) {
    const [plain, ours] = policies.map((policy) =>
      points.find((point) => point.policy === policy && point.wanted === share),
    );
    expect(Math.abs((ours?.tileSparsity ?? 0) - (plain?.tileSparsity ?? 1))).toBeLessThan(0.05);
    expect(ours?.pruned).toBeLessThan(plain?.pruned ?? 0);
    expect(ours?.recovered).toBeLessThan(plain?.recovered ?? 0);
    expect(plain?.pruned).toBeGreaterThan(unpruned);
  }
});

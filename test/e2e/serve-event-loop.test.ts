/** That a service keeps answering while it is busy. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import { sha256Hex } from '../../ir/digest.ts';
import { startTestService } from '../support/service.ts';
import { infer, smallClient, uploadKeys } from '../support/service-client.ts';

test('the event loop is not held up by keys and evaluations', async () => {
  const small = await smallClient();
  const { url } = await startTestService();
  await uploadKeys({ url }, small.keys.evaluationKeys);
  await infer({ url }, small);
  // A body as large as those of large plans: it is stored, digested and refused.
  const large = new Uint8Array(Buffer.alloc(900_000, 7));
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  await Promise.all([
    uploadKeys({ url }, large, sha256Hex(large)).catch(() => undefined),
    ...Array.from({ length: 4 }, () => infer({ url }, small).then((response) => response.arrayBuffer())),
  ]);
  delay.disable();
  // 50 ms on an idle machine; the rest is what others take of the processor meanwhile.
  expect(delay.max / 1e6).toBeLessThan(250);
});

/** A service whose store is on a small file system of its own, which only root may mount. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { keyListSchema } from '../../runtime/protocol/resources.ts';
import { isNightly } from '../support/setup/suite.ts';
import { startTestService } from '../support/service.ts';
import {
  answersIn,
  beginUpload,
  expectAnswers,
  infer,
  jobIn,
  offsetOf,
  problemIn,
  sendPiece,
  type SmallClient,
  smallClient,
  uploadKeys,
} from '../support/service-client.ts';

const canMount = process.platform === 'linux' && process.getuid?.() === 0 && tryToMount();

function tryToMount(): boolean {
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', '-o', 'size=1M', 'tmpfs', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

let [small, other]: SmallClient[] = [];
beforeAll(async () => {
  [small, other] = [await smallClient(), await smallClient()];
});
afterAll(() => {
  small?.client.close();
  other?.client.close();
});

const name = canMount
  ? 'a disk that is full at any point: 507, nothing half written, and on it goes'
  : 'skipped: this user may not mount a small file system';

test.skipIf(!canMount)(name, async () => {
  if (small === undefined || other === undefined) throw new Error('there are no clients');
  const root = mkdtempSync(join(tmpdir(), 'hepc-full-service-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16M,mode=700', 'tmpfs', root]);
  onTestFinished(() => {
    execFileSync('umount', [root]);
    rmSync(root, { recursive: true });
  });
  const service = await startTestService({ folder: join(root, 'store') });
  onTestFinished(() => service.stop());
  await uploadKeys(service, small.keys.evaluationKeys);
  const outcome = async (call: Promise<unknown>): Promise<string> => {
    try {
      const answer = await call;
      if (!(answer instanceof Response)) return 'done';
      return answer.ok ? (await answer.arrayBuffer(), 'done') : (await problemIn(answer)).message;
    } catch (error) {
      return error instanceof Error ? error.message : '';
    }
  };
  const ours = small;
  const theirs = other;
  const seen = new Map<string, Set<string>>();
  const note = (what: string, how: string): void => {
    seen.set(what, (seen.get(what) ?? new Set()).add(how));
  };
  const filler = join(root, 'filler');
  for (const pages of isNightly ? [0, 1, 3, 6, 30, 60, 100, 150, 250] : [0, 6, 60, 250]) {
    const begun = await beginUpload(service, theirs.keys.evaluationKeys.length, theirs.digest);
    const { bavail, bsize } = statfsSync(root);
    writeFileSync(filler, new Uint8Array(Math.max(0, bavail - pages) * bsize));
    note('begin', await outcome(beginUpload(service, theirs.keys.evaluationKeys.length, theirs.digest)));
    note('upload', await outcome(sendPiece(service, begun, 0, theirs.keys.evaluationKeys)));
    const deadline = { 'hepc-deadline': '2' };
    note('infer', await outcome(infer(service, ours, { headers: deadline })));
    const later = await infer(service, ours, { headers: { prefer: 'respond-async', ...deadline } });
    const job = later.ok ? await jobIn(later) : undefined;
    note('job', job === undefined ? (await problemIn(later)).message : 'done');
    rmSync(filler);
    // What was accepted is done, or has run out of its time; what has arrived goes on.
    if (job !== undefined) {
      await (await fetch(`${service.url}/v1/jobs/${job.id}/events`)).text();
      note('result', await outcome(fetch(`${service.url}/v1/jobs/${job.id}/result`)));
    }
    const offset = (await offsetOf(service, begun)) ?? 0;
    if (offset < theirs.keys.evaluationKeys.length)
      await sendPiece(service, begun, offset, theirs.keys.evaluationKeys.subarray(offset));
    expectAnswers(await answersIn(theirs, await infer(service, theirs)));
    const { keys } = keyListSchema.parse(await (await fetch(`${service.url}/v1/keys`)).json());
    expect(keys.map(({ digest }) => digest).sort()).toEqual([ours.digest, theirs.digest].sort());
    expect((await fetch(`${service.url}/v1/keys/${theirs.digest}`, { method: 'DELETE' })).status).toBe(204);
    expect(readdirSync(join(root, 'store', 'unfinished'))).toEqual([]);
  }
  for (const [what, ways] of seen)
    expect([what, [...ways].filter((way) => !['done', '507 H807', '504 H824'].includes(way))]).toEqual([what, []]);
  for (const what of ['begin', 'upload', 'infer', 'job'])
    expect([what, [...(seen.get(what) ?? [])]]).toEqual([what, expect.arrayContaining(['507 H807'])]);
  expect(service.log.join('')).not.toContain('internal error');
});

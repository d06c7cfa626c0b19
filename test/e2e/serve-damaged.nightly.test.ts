/** A store whose files are damaged while no service runs: it starts, and who is not concerned is answered as before. */
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keyListSchema } from '../../runtime/protocol/resources.ts';
import { planFolder, startTestService } from '../support/service.ts';
import {
  answersIn,
  expectAnswers,
  infer,
  jobIn,
  problemIn,
  type SmallClient,
  smallClient,
  uploadKeys,
} from '../support/service-client.ts';

let [small, other]: SmallClient[] = [];
beforeAll(async () => {
  [small, other] = [await smallClient(), await smallClient()];
});
afterAll(() => {
  small?.client.close();
  other?.client.close();
});

function both(): readonly [SmallClient, SmallClient] {
  if (small === undefined || other === undefined) throw new Error('there are no clients');
  return [small, other];
}

/** Paths of the files in a folder of the store whose names begin so. */
function filesIn(store: string, folder: string, start = ''): string[] {
  const at = join(store, folder);
  return readdirSync(at)
    .filter((name) => name.startsWith(start))
    .map((name) => join(at, name));
}

function flipByte(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

/** A service that has the keys of these clients, and with what to start it again on its store. */
async function serviceWithKeys(...clients: readonly ReturnType<typeof both>[number][]) {
  const { folder, plan } = planFolder();
  const options = { folder: join(folder, 'store'), plans: [plan] };
  const first = await startTestService(options);
  for (const { keys } of clients) await uploadKeys(first, keys.evaluationKeys);
  return { options, first };
}

test('keys that are damaged are told of, others are used, and uploading them again mends it', async () => {
  const [ours, theirs] = both();
  const { options, first } = await serviceWithKeys(ours, theirs);
  await first.stop();
  const [file = ''] = filesIn(options.folder, 'objects/keys', ours.digest);
  flipByte(file);

  const second = await startTestService(options);
  const present = async (digest: string): Promise<number> => (await fetch(`${second.url}/v1/keys/${digest}`)).status;
  expect([await present(ours.digest), await present(theirs.digest)]).toEqual([404, 200]);
  expect((await problemIn(await infer(second, ours))).message).toBe('500 H808');
  expectAnswers(await answersIn(theirs, await infer(second, theirs)));
  await uploadKeys(second, ours.keys.evaluationKeys);
  expectAnswers(await answersIn(ours, await infer(second, ours)));
  // As well where it is shorter.
  await second.stop();
  const [again = ''] = filesIn(options.folder, 'objects/keys', ours.digest);
  truncateSync(again, 1000);
  const third = await startTestService(options);
  expect((await problemIn(await infer(third, ours))).message).toBe('500 H808');
});

test('a plan that is damaged in the store is stored again from its file', async () => {
  const [ours] = both();
  const { options, first } = await serviceWithKeys(ours);
  await first.stop();
  for (const file of filesIn(options.folder, 'objects/plans')) flipByte(file);
  const second = await startTestService(options);
  expectAnswers(await answersIn(ours, await infer(second, ours)));
});

test('records and tasks that are damaged are set aside, and nothing else suffers', async () => {
  const [ours, theirs] = both();
  const { options, first } = await serviceWithKeys(ours, theirs);
  const later = { headers: { prefer: 'respond-async' } };
  const [lost, kept] = [await jobIn(await infer(first, ours, later)), await jobIn(await infer(first, ours, later))];
  for (const { id } of [lost, kept]) await (await fetch(`${first.url}/v1/jobs/${id}/events`)).text();
  await first.stop();
  const [key = ''] = filesIn(options.folder, 'registry', `keys.anonymous.${theirs.digest}`);
  const [job = ''] = filesIn(options.folder, 'registry', `jobs.${lost.id}`);
  truncateSync(key, 100);
  writeFileSync(job, `${'0'.repeat(64)} {"value":{}}\n`);
  writeFileSync(join(options.folder, 'tasks', '000000000007.0.json'), 'garbage');
  writeFileSync(join(options.folder, 'uploads', 'nothing.json'), '');

  const second = await startTestService(options);
  const { keys } = keyListSchema.parse(await (await fetch(`${second.url}/v1/keys`)).json());
  expect(keys.map(({ digest }) => digest)).toEqual([ours.digest]);
  expect((await problemIn(await fetch(`${second.url}/v1/jobs/${lost.id}`))).message).toBe('404 H842');
  expect((await problemIn(await infer(second, theirs))).message).toBe('404 H841');
  expectAnswers(await answersIn(ours, await fetch(`${second.url}/v1/jobs/${kept.id}/result`)));
  expectAnswers(await answersIn(ours, await infer(second, ours)));
  await uploadKeys(second, theirs.keys.evaluationKeys);
  expectAnswers(await answersIn(theirs, await infer(second, theirs)));
  expect(readdirSync(join(options.folder, 'damaged')).length).toBe(4);
});

test('a result that is damaged is not given out', async () => {
  const [ours] = both();
  const { folder, plan } = planFolder();
  const options = { folder: join(folder, 'store'), plans: [plan] };
  const service = await startTestService(options);
  await uploadKeys(service, ours.keys.evaluationKeys);
  const job = await jobIn(await infer(service, ours, { headers: { prefer: 'respond-async' } }));
  await (await fetch(`${service.url}/v1/jobs/${job.id}/events`)).text();
  const [file = ''] = filesIn(options.folder, 'objects/outputs', job.id);
  flipByte(file);
  expect((await problemIn(await fetch(`${service.url}/v1/jobs/${job.id}/result`))).message).toBe('500 H808');
  expectAnswers(await answersIn(ours, await infer(service, ours)));
});

/** Tasks that may share a run: of one tenant, plan and keys, with samples at places that no other has. */
import type { Delivery, Task, WorkQueue } from '../stores/work-queue.ts';

/**
 * Takes those that wait now and may share the run of `task`, as many as the plan bears. Those that were delivered before are
 * among them, and are not to be done together with others.
 */
export async function* takeSharers(
  queue: Pick<WorkQueue, 'takeAlso'>,
  task: Task,
): AsyncGenerator<Delivery, void, undefined> {
  const { shared: own } = task;
  if (own === undefined) return;
  const places = [own];
  const fits = ({ plan, keys, shared }: Task): boolean =>
    shared?.tenant === own.tenant &&
    plan === task.plan &&
    keys === task.keys &&
    places.every((each) => shared.place + shared.samples <= each.place || each.place + each.samples <= shared.place);
  while (places.length < own.most) {
    const also = await queue.takeAlso(fits);
    if (also?.task.shared === undefined) return;
    places.push(also.task.shared);
    yield also;
  }
}
